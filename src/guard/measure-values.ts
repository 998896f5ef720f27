import { type DecisionSums, type GuardAggregates, type LoanFigures, mergeSums } from './aggregates.ts'
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
  fpd30_level: ofLoans(
    ({ fpd30 }) => fpd30,
    ({ fpd30Loans }) => fpd30Loans
  ),
  fpd30_rise: ofLoans(
    ({ fpd30, fpd30Before }) => rise(fpd30, fpd30Before),
    ({ fpd30Loans }) => fpd30Loans
  ),
  over30_mob3_rise: ofLoans(({ over30Mob3, over30Mob3Before }) => rise(over30Mob3, over30Mob3Before)),
  roll_m1_m2_rise: ofLoans(({ rollM1M2, rollM1M2Before }) =>
    rollM1M2 === null || rollM1M2Before === null ? null : rollM1M2 - rollM1M2Before
  ),
  over90_share: ofLoans(({ over90Minor, balanceMinor }) => (balanceMinor === 0 ? null : over90Minor / balanceMinor)),
  borrower_share: ({ loans }, { netAssetsMinor }) =>
    netAssetsMinor === undefined
      ? []
      : loans?.map(({ product, largestBorrowerMinor, loans: count }) => ({
          product,
          value: largestBorrowerMinor / netAssetsMinor,
          count
        }))
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

function ofLoans(
  value: (figures: LoanFigures) => number | null,
  count: (figures: LoanFigures) => number = ({ loans }) => loans
): Read {
  return ({ loans }) =>
    loans?.map((figures) => ({
      product: figures.product,
      value: value(figures) ?? Number.NaN,
      count: count(figures)
    }))
}

/** By how much of the earlier one the newer is above it. */
function rise(now: number | null, before: number | null): number | null {
  return now === null || before === null || before === 0 ? null : now / before - 1
}
