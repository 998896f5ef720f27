import type { Application } from '../domain/application.ts'
import type { Limit, Offer, Score } from '../domain/decision.ts'
import { type Reason, type ReasonCode, rankReasons } from '../domain/reasons.ts'
import { limitOf, withinExposure } from './limit.ts'
import { makeOffers } from './offers.ts'
import type { Band } from './price-schema.ts'
import { nominalRateOf } from './pricing.ts'
import { findProduct, findRuleHits } from './rules.ts'
import type { Policy } from './schema.ts'

/** Below 1, which is no usable probability. */
const HIGHEST_PD = 0.999

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
export function approveByPerson(policy: Policy, input: PersonInput): PersonVerdict {
  const { application, score, earlierLoans, exposureMinor, decisionId, nowMs } = input
  const declined = findRuleHits(policy, application, nowMs).filter(({ outcome }) => outcome === 'DECLINE')
  const product = findProduct(policy, application)
  if (declined.length > 0 || product === undefined) return refused(declined.map(({ code }) => code))
  const { min } = product.amountMinor
  const band = approvingBand(policy, score)
  if (band === undefined) return refused(['R310'])
  const caps = { nominal: policy.rateCap, effective: policy.rateCap }
  const priced = { policy, product, band, pd: score?.pd ?? Math.min(band.pdBelow, HIGHEST_PD), caps, nowMs }
  const nominalRate = nominalRateOf(priced)
  if (nominalRate === null) return refused(['R310'])
  const ceiling = limitOf(policy, product, band, application, { earlierLoans, nominalRate })
  const limit = withinExposure(ceiling, product, exposureMinor)
  const above = limit.bindingConstraint === 'EXPOSURE' ? 'R303' : 'R302'
  if (limit.amountMinor < min) return refused([limit.bindingConstraint === 'AFFORDABILITY' ? 'R301' : above])
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
