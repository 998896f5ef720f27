import type { Application } from '../domain/application.ts'
import type { Limit, Offer, Score } from '../domain/decision.ts'
import { type Reason, type ReasonCode, rankReasons } from '../domain/reasons.ts'
import { boundsOf, leastOf, limitFrom } from './limit.ts'
import type { LoadedPolicy } from './load.ts'
import { makeOffers } from './offers.ts'
import type { Band } from './price-schema.ts'
import { nominalRateOf } from './pricing.ts'
import { ageOf, findProduct, findRuleHits } from './rules.ts'
import type { Policy } from './schema.ts'
import { compileStatutory } from './statutory.ts'

/** Below 1, which is no usable probability. */
const HIGHEST_PD = 0.999

/** Why no more can be granted, by what binds the limit; R302 for the rest. */
const REASON_OF: { readonly [Constraint in Limit['bindingConstraint']]?: ReasonCode } = {
  AFFORDABILITY: 'R301',
  EXPOSURE: 'R303',
  BALANCE_CAP: 'R210',
  INCOME_THIRD: 'R211',
  CONCENTRATION: 'R212'
}

export interface PersonInput {
  readonly application: Application
  /** As stored with the decision that the person looks at. */
  readonly score: Score | null
  /** The most that the person grants; undefined is what was asked for. */
  readonly amountMinor: number | undefined
  /** Earlier loans of the applicant; NaN where that is not known, which counts as none. */
  readonly earlierLoans: number
  /** What the applicant owes or was offered for other applications. */
  readonly exposureMinor: number
  readonly decisionId: string
  readonly nowMs: number
}

export interface PersonApproval {
  readonly kind: 'approved'
  readonly limit: Limit
  /** At least one. */
  readonly offers: readonly Offer[]
  /** Why less than what was asked for is approved. */
  readonly reasons: readonly Reason[]
  readonly utcOffsetMinutes: number
}

export type PersonVerdict =
  | PersonApproval
  /** What stands above every person: rules, limit and price of the policy. */
  | { readonly kind: 'refused'; readonly codes: readonly ReasonCode[] }

/**
 * An approval by a person. The rules that decline stand above a person too, and so do the limit, the price and the cap:
 * what a person may put aside is the score, signs of fraud, and what only asked for a person. Whoever is in no band that
 * approves gets the dearest and smallest that does. Pure.
 */
export function approveByPerson(
  { policy, rules }: Pick<LoadedPolicy, 'policy' | 'rules'>,
  input: PersonInput
): PersonVerdict {
  const { application, score, earlierLoans, exposureMinor, decisionId, nowMs } = input
  const product = findProduct(policy, application)
  const facts = { application, ageYears: ageOf(application, nowMs), exposureMinor, nowMs }
  const statutory = product && compileStatutory(policy, product, rules)?.(facts)
  const hits = [...(statutory?.hits ?? []), ...findRuleHits(policy, application, nowMs)]
  const declined = hits.filter(({ outcome }) => outcome === 'DECLINE')
  if (declined.length > 0 || product === undefined) return refused([...new Set(declined.map(({ code }) => code))])
  const { min } = product.amountMinor
  const band = approvingBand(policy, score)
  if (band === undefined) return refused(['R310'])
  const caps = statutory?.caps ?? { nominal: policy.rateCap, effective: policy.rateCap }
  const pd = score?.pd ?? Math.min(band.pdBelow, HIGHEST_PD)
  const priced = { policy, product, band, pd, caps, nowMs }
  const nominalRate = nominalRateOf(priced)
  if (nominalRate === null) return refused(['R310'])
  const strategy = policy.limits?.find((each) => each.product === product.product)
  const own = boundsOf(policy, product, band, application, {
    earlierLoans,
    nominalRate,
    pd,
    strategy,
    segment: undefined
  })
  const left = { amountMinor: leastOf(own).amountMinor - exposureMinor, bindingConstraint: 'EXPOSURE' as const }
  const bounds = [...own, ...(exposureMinor > 0 ? [left] : []), ...(statutory?.bounds ?? [])]
  const limit = limitFrom(leastOf(bounds), product)
  const above = REASON_OF[limit.bindingConstraint] ?? 'R302'
  if (limit.amountMinor < min) return refused([above])
  const wantedMinor = input.amountMinor ?? application.amountMinor
  if (input.amountMinor !== undefined && wantedMinor > limit.amountMinor) return refused([above])
  if (wantedMinor < min) return refused(['R320'])
  const limitMinor = Math.min(wantedMinor, limit.amountMinor)
  const made = makeOffers({ ...priced, application, limitMinor, decisionId })
  if (made.kind === 'none') return refused([made.code])
  const reasons = limitMinor < application.amountMinor ? rankReasons(['R302']) : []
  const { utcOffsetMinutes } = product
  return { kind: 'approved', limit, offers: made.offers, reasons, utcOffsetMinutes }
}

function refused(codes: readonly ReasonCode[]): PersonVerdict {
  return { kind: 'refused', codes }
}

function approvingBand({ bands }: Policy, score: Score | null): Band | undefined {
  const approving = bands.filter(({ action }) => action === 'APPROVE')
  return approving.find(({ band }) => band === score?.band) ?? approving.at(-1)
}
