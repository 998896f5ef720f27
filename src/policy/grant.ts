import type { Limit } from '../domain/decision.ts'
import { type ReasonCode, rankReasons } from '../domain/reasons.ts'
import type { Assessed } from './assess.ts'
import type { DecideInput, Verdict } from './engine.ts'
import { type Bound, boundsOf, leastOf, limitFrom, partnerBoundsOf } from './limit.ts'
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

/** Why the asked amount is above the limit, by what binds it; R302 for the rest. */
const REASON_OF: { readonly [Constraint in Limit['bindingConstraint']]?: ReasonCode } = {
  AFFORDABILITY: 'R301',
  BALANCE_CAP: 'R210',
  INCOME_THIRD: 'R211',
  CONCENTRATION: 'R212',
  PARTNER: 'R902'
}

/**
 * Limit, price and offers of somebody whom nothing stops. Where the limit is below what is asked, less is offered, with the
 * reason for the rest; or the application is declined, where the policy wants that or the limit is below the least amount.
 */
export function createGrant(policy: Policy, limitTables: EvaluateTables): (grantee: Grantee) => Verdict {
  const strategies = new Map(policy.limits?.map((strategy) => [strategy.product, strategy]))

  return ({ input, product, facts, assessed: { band, score }, earlierLoans, statutory, steps }) => {
    const { application, decisionId, nowMs, exposureMinor = 0 } = input
    const strategy = strategies.get(product.product)
    const caps = statutory?.caps ?? { nominal: policy.rateCap, effective: policy.rateCap }
    const priced = { policy, product, band, pd: score.pd, caps, nowMs }
    const nominalRate = nominalRateOf(priced)
    const { limitShare, segment, rows } = askTables(limitTables, facts)
    const own = boundsOf(policy, product, band, application, {
      earlierLoans,
      nominalRate: nominalRate ?? 0,
      pd: score.pd,
      strategy,
      segment
    })
    const bounds = [
      ...belowExposure(shared(own, limitShare), exposureMinor),
      ...lawOf(statutory),
      ...partnerBoundsOf(product, strategy)
    ]
    const limit = limitFrom(leastOf(bounds), product)
    steps.limit = {
      bounds: leastByName(bounds),
      by: limit.bindingConstraint,
      amountMinor: limit.amountMinor,
      ...(segment !== undefined && { segment }),
      ...(rows.length > 0 && { hits: rows })
    }
    const reason = REASON_OF[limit.bindingConstraint] ?? 'R302'
    const isReduced = limit.amountMinor < application.amountMinor
    const isTooLittle = limit.amountMinor < product.amountMinor.min
    if (isTooLittle || (isReduced && strategy?.reducedOffers === false)) {
      // Nobody is declined for what a partner has left.
      const outcome = limit.bindingConstraint === 'PARTNER' ? 'REFER' : 'DECLINE'
      return refuse(outcome, [isTooLittle && limit.bindingConstraint === 'EXPOSURE' ? 'R303' : reason], score)
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

/** The least share and the first segment that the rows name. */
function askTables(evaluate: EvaluateTables, facts: TableFacts) {
  let limitShare = 1
  let segment: string | undefined
  const rows: string[] = []
  for (const { table, row, output } of evaluate(facts)) {
    limitShare = Math.min(limitShare, output.limitShare ?? 1)
    segment ??= output.segment
    rows.push(`${table}/${row}`)
  }
  return { limitShare, segment, rows }
}

/** A share of the limit that a table gives, beside what it is a share of. */
function shared(bounds: readonly Bound[], limitShare: number): readonly Bound[] {
  if (limitShare >= 1) return bounds
  return [...bounds, { amountMinor: leastOf(bounds).amountMinor * limitShare, bindingConstraint: 'TABLE' }]
}

/** What is owed already is a part of what may be owed. */
function belowExposure(bounds: readonly Bound[], exposureMinor: number): readonly Bound[] {
  if (exposureMinor === 0) return bounds
  return [...bounds, { amountMinor: leastOf(bounds).amountMinor - exposureMinor, bindingConstraint: 'EXPOSURE' }]
}

/** The caps of the law, the least of each kind; what is owed is taken off them already. */
function lawOf(statutory: StatutoryVerdict | undefined): readonly Bound[] {
  return statutory?.bounds ?? []
}

/** The least bound of each kind in whole minor units. */
function leastByName(bounds: readonly Bound[]): Record<string, number> {
  const least: Record<string, number> = {}
  for (const { bindingConstraint, amountMinor } of bounds)
    least[bindingConstraint] = Math.min(least[bindingConstraint] ?? Infinity, Math.floor(amountMinor))
  return least
}
