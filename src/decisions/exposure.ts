import type { Offer } from '../domain/decision.ts'
import { isGiven, REASON_OF_STEP_UP } from '../domain/evidence.ts'
import type { Hold, Owed } from '../domain/exposure.ts'
import { nextAction } from '../domain/next-actions.ts'
import { type ReasonCode, rankReasons } from '../domain/reasons.ts'
import type { DecisionStanding } from '../domain/standing.ts'
import type { Decide as DecideByPolicy, DecideInput, Verdict } from '../policy/engine.ts'
import { withinEvidence } from '../policy/evidence.ts'
import type { Restraint } from './restraint.ts'

const DAY_MS = 86_400_000
/** An offer is held longer than it is valid: until the clocks of all gateways agree and the news of a payout is here. */
export const HELD_BEYOND_VALIDITY_MS = 3_600_000
/** How often a decision is made again because another one took of the same limit meanwhile; then a person decides. */
const MAX_AGAIN = 2

export const EXPOSURE_FAULTS = ['SYS_EXPOSURE_UNKNOWN', 'SYS_EXPOSURE_CONTENDED'] as const

/** What a decision was made with: what the applicant owed, and why nothing could be approved on it. */
export interface ExposureReading {
  readonly owedMinor: number
  readonly fault?: (typeof EXPOSURE_FAULTS)[number]
  /** How the applicant stands by reviews and warnings; undefined where that changes nothing. */
  readonly standing?: DecisionStanding | undefined
  /** What held back all lending of this kind just then. */
  readonly restraint?: Restraint | undefined
}

/** `again` counts the tries before this one. */
export function readingOf(owed: Owed, again: number, standing?: DecisionStanding): ExposureReading {
  const known = standing === undefined ? {} : { standing }
  if (owed.kind === 'unknown') return { owedMinor: 0, fault: 'SYS_EXPOSURE_UNKNOWN', ...known }
  if (again > MAX_AGAIN) return { owedMinor: owed.owedMinor, fault: 'SYS_EXPOSURE_CONTENDED', ...known }
  return standing === undefined ? owed : { owedMinor: owed.owedMinor, standing }
}

type WithinInput = Omit<DecideInput, 'exposureMinor' | 'limitFactor' | 'portfolioShare'>

/**
 * Decides below what is owed; where that cannot be relied on, a person does instead of an approval. A frozen limit grants nothing, and one
 * that an orange warning reduced nothing before it is known who applies.
 * What was given and asked for in earlier rounds stands above all of it.
 */
export function decideWithin(decide: DecideByPolicy, input: WithinInput, exposure: ExposureReading): Verdict {
  return withinEvidence(decideBelow(decide, input, exposure), input.evidence)
}

function decideBelow(
  decide: DecideByPolicy,
  input: WithinInput,
  { owedMinor, fault, standing, restraint }: ExposureReading
): Verdict {
  const portfolioShare = restraint?.limitShare || 1
  const verdict = decide({
    ...input,
    exposureMinor: owedMinor,
    limitFactor: standing?.limitFactor ?? 1,
    portfolioShare
  })
  if (verdict.outcome !== 'APPROVE') return verdict
  if (standing?.frozen === true) return refuseApproved(verdict, 'DECLINE', FROZEN)
  if (fault !== undefined) return refuseApproved(verdict, 'REFER', fault)
  // Paused: a portfolio at its limit is not the applicant’s doing, so it is no decline.
  if (restraint?.limitShare === 0) return refuseApproved(verdict, 'REFER', 'R902')
  if (standing?.stepUp !== true || isGiven(input.evidence, STEP_UP)) return verdict
  const asked = nextAction({ type: STEP_UP, nowMs: input.nowMs, ...STEP_UP_TERMS })
  return { ...refuseApproved(verdict, 'REFER', REASON_OF_STEP_UP[STEP_UP]), nextActions: [asked] }
}

const STEP_UP = 'STEP_UP_OTP'
/** A code is sent at once, but who applied may look later. */
const STEP_UP_TERMS = { expiresInMinutes: 1440, attempts: 3 } as const

const FROZEN = 'R304'

function refuseApproved(verdict: Verdict, outcome: 'REFER' | 'DECLINE', code: ReasonCode): Verdict {
  return { ...verdict, outcome, limit: null, offers: [], reasons: rankReasons([code]), utcOffsetMinutes: null }
}

export interface HoldInput {
  readonly applicationId: string
  readonly nowMs: number
  readonly offerValidDays: number
  readonly exposure: ExposureReading
}

/** What a verdict holds of the limit it was made under; undefined without offers. */
export function holdOf(
  { offers, limit }: Pick<Verdict, 'offers' | 'limit'>,
  { applicationId, nowMs, offerValidDays, exposure }: HoldInput
): Hold | undefined {
  const [first] = offers
  if (first === undefined || limit === null) return undefined
  const { amountMinor, repayableMinor } = largestOf(offers)
  if (amountMinor > limit.amountMinor) throw new Error('an offer is above its limit')
  return {
    nowMs,
    tillMs: nowMs + offerValidDays * DAY_MS + HELD_BEYOND_VALIDITY_MS,
    amountMinor,
    repayableMinor,
    ceilingMinor: limit.amountMinor + exposure.owedMinor,
    currency: first.currency,
    applicationId
  }
}

/** The largest of some offers, and the most that such an amount would cost in total by any of them. */
export function largestOf(offers: readonly Offer[]): { readonly amountMinor: number; readonly repayableMinor: number } {
  const amountMinor = Math.max(...offers.map((offer) => offer.amountMinor))
  const costliest = Math.max(...offers.map((offer) => costOf(offer)))
  return { amountMinor, repayableMinor: Math.ceil(amountMinor * costliest) }
}

function costOf({ amountMinor, totalRepayableMinor }: Offer): number {
  return totalRepayableMinor / amountMinor
}
