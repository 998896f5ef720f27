import type { Application } from '../domain/application.ts'
import { heaviestInstalment, type RepaymentMethod } from '../domain/schedule-methods.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

const DAYS_PER_YEAR = 365
const MONTHS_PER_YEAR = 12
const DEFAULT_METHODS: readonly RepaymentMethod[] = ['EQUAL_INSTALMENT']

export interface Periods {
  readonly count: number
  /** Periods of a year, for a rate a year. */
  readonly perYear: number
  readonly every: Application['term']
}

/** The instalments of a term: every interval, or one at the end of a term shorter than that. */
export function periodsOf({ term: { instalmentEvery } }: ProductPolicy, { term }: Pick<Application, 'term'>): Periods {
  const every = term.count <= instalmentEvery.count ? term : instalmentEvery
  const unitsPerYear = term.unit === 'day' ? DAYS_PER_YEAR : MONTHS_PER_YEAR
  return { count: term.count / every.count, perYear: unitsPerYear / every.count, every }
}

/** Ways to repay, the preferred first. */
export function methodsOf({ repaymentMethods }: ProductPolicy): readonly RepaymentMethod[] {
  return repaymentMethods ?? DEFAULT_METHODS
}

/** What the declared income leaves each period; undefined when none is declared. */
export function freeMinorEach({ maxDebtToIncome }: Policy, application: Application, { perYear }: Periods) {
  const { monthlyIncomeMinor, monthlyObligationsMinor = 0 } = application.facts
  if (monthlyIncomeMinor === undefined) return undefined
  const freeMonthlyMinor = Math.max(0, monthlyIncomeMinor * maxDebtToIncome - monthlyObligationsMinor)
  return freeMonthlyMinor * (MONTHS_PER_YEAR / perYear)
}

/**
 * The most that the free part of the income can carry, by the lightest way to repay; undefined without a declared income.
 *
 * @param nominalRate interest a year as a ratio
 */
export function affordableMinor(
  policy: Policy,
  product: ProductPolicy,
  nominalRate: number,
  application: Application
): number | undefined {
  const periods = periodsOf(product, application)
  const free = freeMinorEach(policy, application, periods)
  if (free === undefined) return undefined
  const periodRate = nominalRate / periods.perYear
  return free / Math.min(...methodsOf(product).map((method) => heaviestInstalment(method, periodRate, periods.count)))
}
