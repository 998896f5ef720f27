import type { Limit } from '../domain/decision.ts'
import { roundHalfUp } from '../domain/money.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import { type Bound, boundsOf, leastOf, partnerBoundsOf, withinPortfolio } from './limit.ts'
import type { Band } from './price-schema.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'
import type { StatutoryVerdict } from './statutory.ts'
import type { TableFacts } from './table-inputs.ts'
import type { EvaluateTables } from './tables.ts'

export interface Bounded {
  readonly product: ProductPolicy
  readonly band: Band
  readonly facts: TableFacts
  readonly earlierLoans: number
  /** Calibrated probability of default. */
  readonly pd: number
  readonly statutory: StatutoryVerdict | undefined
  /** Part of the limit that reviews and warnings leave; all of it where it is not told. */
  readonly limitFactor?: number | undefined
  /** What the portfolio allows, of what the limit would be; 1 where it is not told. */
  readonly portfolioShare?: number | undefined
}

export interface Bounds {
  /** In the order in which a tie is named. */
  readonly bounds: readonly Bound[]
  readonly segment: string | undefined
  /** Rows of tables that matched, as table/row. */
  readonly rows: readonly string[]
}

/** Why the asked amount is above the limit, by what binds it; R302 for the rest. */
const REASON_OF: { readonly [Constraint in Limit['bindingConstraint']]?: ReasonCode } = {
  AFFORDABILITY: 'R301',
  STANDING: 'R304',
  BALANCE_CAP: 'R210',
  INCOME_THIRD: 'R211',
  CONCENTRATION: 'R212',
  PARTNER: 'R902',
  PORTFOLIO: 'R902'
}

export function reasonAbove({ bindingConstraint }: Limit): ReasonCode {
  return REASON_OF[bindingConstraint] ?? 'R302'
}

/** Why a limit is below the least amount of the product. */
export function reasonBelowLeast(limit: Limit): ReasonCode {
  return limit.bindingConstraint === 'EXPOSURE' ? 'R303' : reasonAbove(limit)
}

/**
 * All that bounds what may be granted, whoever grants it: product, band, history, what the income carries at a yearly rate,
 * tables, what is owed, law and partners.
 */
export function createBounds(
  policy: Policy,
  limitTables: EvaluateTables
): (bounded: Bounded, nominalRate: number) => Bounds {
  const strategies = new Map(policy.limits?.map((strategy) => [strategy.product, strategy]))

  return ({ product, band, facts, earlierLoans, pd, statutory, limitFactor = 1, portfolioShare = 1 }, nominalRate) => {
    const strategy = strategies.get(product.product)
    const { limitShare, segment, rows } = askTables(limitTables, facts)
    const context = { earlierLoans, nominalRate, pd, strategy, segment }
    const own = boundsOf(policy, product, band, facts.application, context)
    const bounds = [
      ...belowExposure(
        inStanding(withinPortfolio(shared(own, limitShare), portfolioShare), limitFactor),
        facts.exposureMinor
      ),
      ...lawOf(statutory),
      ...partnerBoundsOf(product, strategy)
    ]
    return { bounds, segment, rows }
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

function inStanding(bounds: readonly Bound[], limitFactor: number): readonly Bound[] {
  if (limitFactor >= 1) return bounds
  return [
    ...bounds,
    { amountMinor: roundHalfUp(leastOf(bounds).amountMinor * limitFactor), bindingConstraint: 'STANDING' }
  ]
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
