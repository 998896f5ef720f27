import { rankReasons } from '../domain/reasons.ts'
import type { Assessed } from './assess.ts'
import type { DecideInput, Verdict } from './engine.ts'
import { type Bound, leastOf, limitFrom, refusalBy } from './limit.ts'
import { createBounds, reasonAbove } from './limit-bounds.ts'
import { makeOffers } from './offers.ts'
import { nominalRateOf } from './pricing.ts'
import type { ProductPolicy } from './product-schema.ts'
import { refuse } from './refuse.ts'
import type { Policy } from './schema.ts'
import type { StatutoryVerdict } from './statutory.ts'
import type { Steps } from './steps.ts'
import type { TableFacts } from './table-inputs.ts'
import type { EvaluateTables } from './tables.ts'

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
  const strategies = new Map(policy.limits?.map((strategy) => [strategy.product, strategy]))
  const boundsFor = createBounds(policy, limitTables)

  return ({ input, product, facts, assessed: { band, score }, earlierLoans, statutory, steps }) => {
    const { application, decisionId, nowMs } = input
    const strategy = strategies.get(product.product)
    const caps = statutory?.caps ?? { nominal: policy.rateCap, effective: policy.rateCap }
    const priced = { policy, product, band, pd: score.pd, caps, nowMs, stricterFromMs: statutory?.stricterFromMs }
    const nominalRate = nominalRateOf(priced)
    const { bounds, segment, rows } = boundsFor({
      product,
      band,
      facts,
      earlierLoans,
      nominalRate: nominalRate ?? 0,
      pd: score.pd,
      statutory,
      limitFactor: input.limitFactor,
      portfolioShare: input.portfolioShare
    })
    const limit = limitFrom(leastOf(bounds), product)
    steps.limit = {
      bounds: leastByName(bounds),
      by: limit.bindingConstraint,
      amountMinor: limit.amountMinor,
      ...(segment !== undefined && { segment }),
      ...(rows.length > 0 && { hits: [...rows] })
    }
    const reason = reasonAbove(limit)
    const isReduced = limit.amountMinor < application.amountMinor
    const isTooLittle = limit.amountMinor < product.amountMinor.min
    if (isTooLittle || (isReduced && strategy?.reducedOffers === false)) {
      return refuse(refusalBy(limit), [isTooLittle && limit.bindingConstraint === 'EXPOSURE' ? 'R303' : reason], score)
    }

    steps.price = { nominalRate, caps: { nominal: caps.nominal ?? 1, effective: caps.effective ?? 1 } }
    const made = makeOffers({ ...priced, application, limitMinor: limit.amountMinor, decisionId })
    steps.offers = made.kind === 'none' ? made.code : made.offers.length
    if (made.kind === 'none') return refuse('DECLINE', [made.code], score)
    const { utcOffsetMinutes } = product
    const reasons = rankReasons([...(isReduced ? [reason] : []), ...(made.asked === undefined ? [] : [made.asked])])
    return { outcome: 'APPROVE', score, limit, offers: made.offers, reasons, utcOffsetMinutes }
  }
}

/** The least bound of each kind in whole minor units. */
function leastByName(bounds: readonly Bound[]): Record<string, number> {
  const least: Record<string, number> = {}
  for (const { bindingConstraint, amountMinor } of bounds)
    least[bindingConstraint] = Math.min(least[bindingConstraint] ?? Infinity, Math.floor(amountMinor))
  return least
}
