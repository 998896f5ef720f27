import type { Application, Term } from '../domain/application.ts'
import { type DayBasis, heaviestInstalment, type RepaymentMethod } from '../domain/schedule-methods.ts'
import { offeredTerms } from './offers-grid.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

const DAYS_PER_YEAR = 365
const MONTHS_PER_YEAR = 12
const LONGEST_MONTH_DAYS = 31
const DEFAULT_METHODS: RepaymentMethod[] = ['EQUAL_INSTALMENT']

export interface Periods {
  readonly count: number
  /** Periods of a year, for a rate a year. */
  readonly perYear: number
  readonly every: Term
}

/** The instalments of a term: every interval, or one at the end of a term shorter than that. */
export function periodsOf({ term: { instalmentEvery } }: ProductPolicy, { term }: Pick<Application, 'term'>): Periods {
  const every = term.count <= instalmentEvery.count ? term : instalmentEvery
  const unitsPerYear = term.unit === 'day' ? DAYS_PER_YEAR : MONTHS_PER_YEAR
  return { count: term.count / every.count, perYear: unitsPerYear / every.count, every }
}

/** Ways to repay a term, the preferred first. */
export function methodsOf(
  { repaymentMethods = DEFAULT_METHODS, bulletMaxTerm = Infinity }: ProductPolicy,
  { count }: Term
): readonly RepaymentMethod[] {
  return count <= bulletMaxTerm ? repaymentMethods : repaymentMethods.filter((method) => method !== 'BULLET')
}

/** Days by which a yearly rate becomes a daily one. */
export function dayBasisOf({ dayBasis }: ProductPolicy): DayBasis {
  return dayBasis ?? DAYS_PER_YEAR
}

/** What the declared income leaves each period; undefined when none is declared. */
export function freeMinorEach(
  { maxDebtToIncome }: Pick<Policy, 'maxDebtToIncome'>,
  application: Application,
  { perYear }: Periods
): number | undefined {
  const { monthlyIncomeMinor, monthlyObligationsMinor = 0 } = application.facts
  if (monthlyIncomeMinor === undefined) return undefined
  const freeMonthlyMinor = Math.max(0, monthlyIncomeMinor * maxDebtToIncome - monthlyObligationsMinor)
  return freeMonthlyMinor * (MONTHS_PER_YEAR / perYear)
}

/**
 * The largest loan whose heaviest instalment, with the fees of its period, is no more than what is free. Before rounding,
 * and below zero where flat fees alone are more.
 */
export function carriedMinor(
  product: ProductPolicy,
  method: RepaymentMethod,
  nominalRate: number,
  { count, perYear, every }: Periods,
  freeMinor: number
): number {
  let flatMinor = 0
  let ratio = 0
  for (const fee of product.fees ?? []) {
    if (fee.collected !== 'eachPeriod') continue
    flatMinor += fee.flatMinor ?? 0
    ratio += fee.ratio ?? 0
  }
  const periodRate =
    method === 'DAILY_ACCRUAL' ? (nominalRate / dayBasisOf(product)) * longestDays(every) : nominalRate / perYear
  return (freeMinor - flatMinor) / (heaviestInstalment(method, periodRate, count) + ratio)
}

function longestDays({ count, unit }: Term): number {
  return unit === 'day' ? count : count * LONGEST_MONTH_DAYS
}

/**
 * The most that the free part of the income can carry, by the lightest way to repay over the lightest term that is
 * offered; undefined without a declared income.
 *
 * @param nominalRate interest a year as a ratio
 */
export function affordableMinor(
  policy: Policy,
  product: ProductPolicy,
  nominalRate: number,
  application: Application
): number | undefined {
  let mostMinor = 0
  for (const term of offeredTerms(product, application.term)) {
    const periods = periodsOf(product, { term })
    const freeMinor = freeMinorEach(policy, application, periods)
    if (freeMinor === undefined) return undefined
    for (const method of methodsOf(product, term)) {
      mostMinor = Math.max(mostMinor, carriedMinor(product, method, nominalRate, periods, freeMinor))
    }
  }
  return mostMinor
}
