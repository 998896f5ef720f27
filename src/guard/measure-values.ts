import { type DecisionSums, type GuardAggregates, type LoanFigures, type LoanRatio, mergeSums } from './aggregates.ts'
import type { GuardPolicy, Measure } from './guard-schema.ts'

/** A measure of one product, or of one partner or funder in it. */
export interface MeasuredValue {
  readonly product: string
  /** Partner or funder; undefined for the product as a whole. */
  readonly of?: string
  readonly value: number
  /** Decisions or loans behind it. */
  readonly count: number
}

type Read = (aggregates: GuardAggregates, policy: GuardPolicy) => MeasuredValue[] | undefined

/** By measure: its values, one for each product, partner or funder; undefined when it could not be read. */
const READERS: Readonly<Record<Measure, Read>> = {
  budget_share: ({ today }, { budgetMinor }) =>
    byProduct(today)?.flatMap(({ product, approved, approvedMinor }) => {
      const budget = budgetMinor[product as keyof typeof budgetMinor]
      return budget === undefined ? [] : [{ product, value: approvedMinor / budget, count: approved }]
    }),
  above_4lpr_share: ({ week }) =>
    byProduct(week)?.map((sums) => ({
      product: sums.product,
      value: sums.above4LprMinor / sums.approvedMinor,
      count: sums.approved
    })),
  approval_rate: ({ recent }) =>
    byProduct(recent)?.map(({ product, approved, decisions }) => ({
      product,
      value: approved / decisions,
      count: decisions
    })),
  refusal_rate: ({ recent }) =>
    byProduct(recent)?.map(({ product, approved, decisions }) => ({
      product,
      value: 1 - approved / decisions,
      count: decisions
    })),
  mean_pd: ({ recent }) =>
    byProduct(recent)?.map(({ product, pdSum, scored }) => ({ product, value: pdSum / scored, count: scored })),
  partner_share: ({ week }) => {
    if (week === undefined) return undefined
    const byPartner = [...mergeSums(week, ({ product, partner }) => `${product} ${partner}`).values()]
    return byProduct(week)?.flatMap(({ product, approved, approvedMinor }) => {
      const partners = byPartner.filter((sums) => sums.product === product)
      // Of the only partner there is, a share says nothing.
      if (partners.length < 2) return []
      return partners.map((sums) => ({
        product,
        of: sums.partner,
        value: sums.approvedMinor / approvedMinor,
        count: approved
      }))
    })
  },
  funder_share: ({ week }) =>
    byProduct(week)?.flatMap(({ product, approved, approvedMinor, funderMinor }) =>
      Object.entries(funderMinor).map(([of, amountMinor]) => ({
        product,
        of,
        value: amountMinor / approvedMinor,
        count: approved
      }))
    ),
  fpd30_level: ofLoans(({ fpd30 }) => fpd30),
  fpd30_rise: ofLoans(({ fpd30, fpd30Before }) => compare(fpd30, fpd30Before, rise)),
  over30_mob3_rise: ofLoans(({ over30Mob3, over30Mob3Before }) => compare(over30Mob3, over30Mob3Before, rise)),
  roll_m1_m2_rise: ofLoans(({ rollM1M2, rollM1M2Before }) =>
    compare(rollM1M2, rollM1M2Before, (now, before) => now - before)
  ),
  over90_share: ofLoans(({ over90Minor, balanceMinor, owingLoans }) => ({
    ratio: over90Minor / balanceMinor,
    loans: owingLoans
  })),
  borrower_share: (aggregates, policy) => {
    const { netAssetsMinor } = policy
    if (netAssetsMinor === undefined) return []
    return ofLoans(({ largestBorrowerMinor, owingLoans }) => ({
      ratio: largestBorrowerMinor / netAssetsMinor,
      loans: owingLoans
    }))(aggregates, policy)
  }
}

/** Pure. Values that are not numbers, such as shares of nothing, are left out. */
export function measuredValues(
  measure: Measure,
  aggregates: GuardAggregates,
  policy: GuardPolicy
): MeasuredValue[] | undefined {
  return READERS[measure](aggregates, policy)?.filter(({ value }) => Number.isFinite(value))
}

function byProduct(sums: readonly DecisionSums[] | undefined): DecisionSums[] | undefined {
  return sums && [...mergeSums(sums, ({ product }) => product).values()]
}

function ofLoans(read: (figures: LoanFigures) => LoanRatio): Read {
  return ({ loans }) =>
    loans?.map((figures) => {
      const { ratio, loans: count } = read(figures)
      return { product: figures.product, value: ratio ?? Number.NaN, count }
    })
}

/** A rise says no more than the smaller of the two groups that it compares. */
function compare(now: LoanRatio, before: LoanRatio, by: (now: number, before: number) => number): LoanRatio {
  const loans = Math.min(now.loans, before.loans)
  return { ratio: now.ratio === null || before.ratio === null ? null : by(now.ratio, before.ratio), loans }
}

/** By how much of the earlier one the newer is above it: 1 for twice as much. */
function rise(now: number, before: number): number {
  return now / before - 1
}
