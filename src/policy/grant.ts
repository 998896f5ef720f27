import type { Limit } from '../domain/decision.ts'
import { type ReasonCode, rankReasons } from '../domain/reasons.ts'
import type { Assessed } from './assess.ts'
import type { DecideInput, Verdict } from './engine.ts'
import { type Bound, refusalBy } from './limit.ts'
import { reasonAbove, reasonBelowLeast } from './limit-bounds.ts'
import type { ProductPolicy } from './product-schema.ts'
import { refuse } from './refuse.ts'
import type { Policy } from './schema.ts'
import type { StatutoryVerdict } from './statutory.ts'
import type { Steps } from './steps.ts'
import type { TableFacts } from './table-inputs.ts'
import type { EvaluateTables } from './tables.ts'
import { createTerms } from './terms.ts'

/** Somebody whom nothing stops: what is left is how much, at what price. */
export interface Grantee {
  readonly input: DecideInput
  readonly product: ProductPolicy
  readonly facts: TableFacts
  readonly assessed: Extract<Assessed, { kind: 'usable' }>
  readonly earlierLoans: number
  readonly statutory: StatutoryVerdict | undefined
  readonly steps: Steps
}

/**
 * Limit, price and offers of somebody whom nothing stops. Where the limit is below what is asked, less is offered, with the
 * reason for the rest; or the application is declined, where the policy wants that or the limit is below the least amount.
 */
export function createGrant(policy: Policy, limitTables: EvaluateTables): (grantee: Grantee) => Verdict {
  const reducedOffers = new Map(policy.limits?.map((strategy) => [strategy.product, strategy.reducedOffers]))
  const termsFor = createTerms(policy, limitTables)

  return ({ input, product, facts, assessed: { band, score }, earlierLoans, statutory, steps }) => {
    const { application, decisionId, nowMs, limitFactor, portfolioShare } = input
    const { pd } = score
    const granted = {
      product,
      band,
      pd,
      facts,
      earlierLoans,
      statutory,
      limitFactor,
      portfolioShare,
      decisionId,
      nowMs
    }
    const { caps, price, limit, bounds, segment, rows, offersUpTo } = termsFor(granted)
    steps.limit = {
      bounds: leastByName(bounds),
      by: limit.bindingConstraint,
      amountMinor: limit.amountMinor,
      ...(segment !== undefined && { segment }),
      ...(rows.length > 0 && { hits: [...rows] })
    }
    const isReduced = limit.amountMinor < application.amountMinor
    const isTooLittle = limit.amountMinor < product.amountMinor.min
    if (isTooLittle) return refuse(refusalBy(limit), [reasonBelowLeast(limit)], score)
    if (isReduced && reducedOffers.get(product.product) === false)
      return refuse(refusalBy(limit), [reasonAbove(limit)], score)

    steps.price = {
      nominalRate: price?.nominalRate ?? null,
      caps: { nominal: caps.nominal ?? 1, effective: caps.effective ?? 1 }
    }
    const made = offersUpTo(limit.amountMinor)
    steps.offers = made.kind === 'none' ? made.code : made.offers.length
    if (made.kind === 'none') return refuse('DECLINE', [made.code], score)
    const { utcOffsetMinutes } = product
    const reasons = rankReasons([
      ...(isReduced ? [reasonReduced(policy, limit)] : []),
      ...(made.asked === undefined ? [] : [made.asked])
    ])
    return { outcome: 'APPROVE', score, limit, offers: made.offers, reasons, utcOffsetMinutes }
  }
}

/** A policy without stages never told what reduced an offer, but for the portfolio; its decisions are replayed to the bit. */
function reasonReduced({ flow }: Policy, limit: Limit): ReasonCode {
  return flow === 'staged' || limit.bindingConstraint === 'PORTFOLIO' ? reasonAbove(limit) : 'R302'
}

/** The least bound of each kind in whole minor units. */
function leastByName(bounds: readonly Bound[]): Record<string, number> {
  const least: Record<string, number> = {}
  for (const { bindingConstraint, amountMinor } of bounds)
    least[bindingConstraint] = Math.min(least[bindingConstraint] ?? Infinity, Math.floor(amountMinor))
  return least
}
