import type { Application } from '../domain/application.ts'
import type { Limit, Offer, Score } from '../domain/decision.ts'
import type { EvidenceSoFar } from '../domain/evidence.ts'
import { type Reason, type ReasonCode, rankReasons } from '../domain/reasons.ts'
import { reasonAbove, reasonBelowLeast } from './limit-bounds.ts'
import type { LoadedPolicy } from './load.ts'
import type { Band } from './price-schema.ts'
import { ageOf, findProduct, findRuleHits } from './rules.ts'
import type { Policy } from './schema.ts'
import { compileStatutory, type StatutoryVerdict } from './statutory.ts'
import { createInputs } from './table-inputs.ts'
import { compileTables } from './tables.ts'
import { createTerms } from './terms.ts'

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
  /** Features as stored, in the order of `featureNames`, for tables on the limit; NaN where one is not known. */
  readonly values: Float64Array
  readonly featureNames: readonly string[]
  /** NaN where there is none. */
  readonly fraudPd: number
  /** What the applicant owes or was offered for other applications. */
  readonly exposureMinor: number
  /** Of what the policy would grant, by reviews of the limit; 1 where there was none. */
  readonly limitFactor: number
  /** Of what the limit would be, what the portfolio allows; 1 where nothing holds it back. */
  readonly portfolioShare: number
  /** For tables on the limit. */
  readonly evidence?: EvidenceSoFar | undefined
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
  /** What the rule packs came to; undefined where the product is under none. */
  readonly statutory: StatutoryVerdict | undefined
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
  const ageYears = ageOf(application, nowMs)
  const statutory =
    product && compileStatutory(policy, product, rules)?.({ application, ageYears, exposureMinor, nowMs })
  const hits = [...(statutory?.hits ?? []), ...findRuleHits(policy, application, nowMs)]
  const declined = hits.filter(({ outcome }) => outcome === 'DECLINE')
  if (declined.length > 0 || product === undefined) return refused([...new Set(declined.map(({ code }) => code))])
  const { min } = product.amountMinor
  const band = approvingBand(policy, score)
  if (band === undefined) return refused(['R310'])
  const pd = score?.pd ?? Math.min(band.pdBelow, HIGHEST_PD)
  const { limitFactor, portfolioShare, values, evidence } = input
  const scored = { pd, points: score?.points ?? Number.NaN, band: band.band, fraudPd: input.fraudPd }
  const facts = { application, values, ageYears, exposureMinor, evidence, ...scored }
  const termsFor = termsUnder(policy, input.featureNames)
  const { price, limit, offersUpTo } = termsFor({
    product,
    band,
    facts,
    earlierLoans,
    pd,
    statutory,
    limitFactor,
    portfolioShare,
    decisionId,
    nowMs
  })
  if (price === undefined) return refused(['R310'])
  const above = reasonBelowLeast(limit)
  if (limit.amountMinor < min) return refused([above])
  const wantedMinor = input.amountMinor ?? application.amountMinor
  if (input.amountMinor !== undefined && wantedMinor > limit.amountMinor) return refused([above])
  if (wantedMinor < min) return refused(['R320'])
  const limitMinor = Math.min(wantedMinor, limit.amountMinor)
  const made = offersUpTo(limitMinor)
  if (made.kind === 'none') return refused([made.code])
  const reasons = rankReasons([
    ...(limit.amountMinor < application.amountMinor ? [reasonAbove(limit)] : []),
    ...(limitMinor < Math.min(application.amountMinor, limit.amountMinor) ? (['R302'] as const) : []),
    ...(made.asked === undefined ? [] : [made.asked])
  ])
  const { utcOffsetMinutes } = product
  return { kind: 'approved', limit, offers: made.offers, reasons, utcOffsetMinutes, statutory }
}

function termsUnder(policy: Policy, featureNames: readonly string[]) {
  const bands = policy.bands.map(({ band }) => band)
  return createTerms(policy, compileTables(policy.tables ?? [], 'limit', createInputs(featureNames, bands)))
}

function refused(codes: readonly ReasonCode[]): PersonVerdict {
  return { kind: 'refused', codes }
}

function approvingBand({ bands }: Policy, score: Score | null): Band | undefined {
  const approving = bands.filter(({ action }) => action === 'APPROVE')
  return approving.find(({ band }) => band === score?.band) ?? approving.at(-1)
}
