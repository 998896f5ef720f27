import type { Application } from '../domain/application.ts'
import { annualise, cashFlows, irrPerPeriod, NO_FEES } from '../domain/apr.ts'
import { addTerm, isoDate, localDay } from '../domain/calendar.ts'
import type { Limit, Offer } from '../domain/decision.ts'
import { floorToStep } from '../domain/money.ts'
import { heaviestInstalment, makeSchedule, type RepaymentMethod } from '../domain/schedule-methods.ts'
import type { Band, Policy, ProductPolicy } from './schema.ts'

const DAYS_PER_YEAR = 365
const MONTHS_PER_YEAR = 12
const RATE_DIGITS = 1e6
const DEFAULT_METHODS: readonly RepaymentMethod[] = ['EQUAL_INSTALMENT']

export interface Periods {
  readonly count: number
  /** Periods of a year, for a rate a year. */
  readonly perYear: number
  readonly every: Application['term']
}

/** The instalments of a term: every interval, or one at the end of a term shorter than that. */
export function periodsOf({ term: { instalmentEvery } }: ProductPolicy, { term }: Application): Periods {
  const every = term.count <= instalmentEvery.count ? term : instalmentEvery
  const unitsPerYear = term.unit === 'day' ? DAYS_PER_YEAR : MONTHS_PER_YEAR
  return { count: term.count / every.count, perYear: unitsPerYear / every.count, every }
}

/** The most that may be granted: the least of what product, band, history and income allow, and which of them it is. */
export function limitOf(
  policy: Policy,
  product: ProductPolicy,
  band: Band,
  application: Application,
  earlierLoans: number
): Limit {
  const bounds: { amountMinor: number; bindingConstraint: Limit['bindingConstraint'] }[] = [
    { amountMinor: product.amountMinor.max, bindingConstraint: 'PRODUCT' },
    { amountMinor: product.amountMinor.max * band.limitShare, bindingConstraint: 'BAND' }
  ]
  if (!(earlierLoans > 0)) bounds.push({ amountMinor: product.firstLoanMaxMinor, bindingConstraint: 'FIRST_LOAN' })
  const affordable = affordableMinor(policy, product, band, application)
  if (affordable !== undefined) bounds.push({ amountMinor: affordable, bindingConstraint: 'AFFORDABILITY' })
  else if (product.affordability === 'required') bounds.push({ amountMinor: 0, bindingConstraint: 'AFFORDABILITY' })
  const binding = bounds.reduce((least, bound) => (bound.amountMinor < least.amountMinor ? bound : least))
  return {
    currency: product.currency,
    amountMinor: floorToStep(binding.amountMinor, product.amountMinor.step),
    bindingConstraint: binding.bindingConstraint
  }
}

/** The most that the free part of the income can carry, by the lightest way to repay; undefined without a declared income. */
function affordableMinor(policy: Policy, product: ProductPolicy, band: Band, application: Application) {
  const free = freeMinorEach(policy, product, application)
  if (free === undefined) return undefined
  const { count, perYear } = periodsOf(product, application)
  const periodRate = (band.nominalRate ?? 0) / perYear
  return free / Math.min(...methodsOf(product).map((method) => heaviestInstalment(method, periodRate, count)))
}

/** What the declared income leaves each period; undefined when none is declared. */
function freeMinorEach({ maxDebtToIncome }: Policy, product: ProductPolicy, application: Application) {
  const { monthlyIncomeMinor, monthlyObligationsMinor = 0 } = application.facts
  if (monthlyIncomeMinor === undefined) return undefined
  const freeMonthlyMinor = Math.max(0, monthlyIncomeMinor * maxDebtToIncome - monthlyObligationsMinor)
  return freeMonthlyMinor * (MONTHS_PER_YEAR / periodsOf(product, application).perYear)
}

function methodsOf({ repaymentMethods }: ProductPolicy): readonly RepaymentMethod[] {
  return repaymentMethods ?? DEFAULT_METHODS
}

interface OfferInput {
  readonly amountMinor: number
  readonly nowMs: number
}

/**
 * An offer for each way to repay that the product has, in the policy’s order, for the asked term. One whose heaviest
 * instalment the income cannot carry is smaller, by whole steps. Empty when every rate is above the cap.
 */
export function makeOffers(
  policy: Policy,
  product: ProductPolicy,
  band: Band,
  application: Application,
  { decisionId, ...input }: OfferInput & { readonly decisionId: string }
): Offer[] {
  const terms = termsFor(policy, product, band, application, input)
  return terms.map((offer, index) => ({ offerId: `${decisionId}-${index + 1}`, ...offer }))
}

type OfferTerms = Omit<Offer, 'offerId'>

function termsFor(
  policy: Policy,
  product: ProductPolicy,
  band: Band,
  application: Application,
  { amountMinor, nowMs }: OfferInput
): OfferTerms[] {
  const { count, perYear } = periodsOf(product, application)
  const { min, step } = product.amountMinor
  const free = freeMinorEach(policy, product, application) ?? Infinity
  return methodsOf(product).flatMap((method) => {
    const carriedMinor = free / heaviestInstalment(method, (band.nominalRate ?? 0) / perYear, count)
    const boundMinor = amountMinor <= carriedMinor ? amountMinor : floorToStep(carriedMinor, step)
    if (boundMinor < min) return []
    return termsOf(policy, product, band, application, { method, amountMinor: boundMinor, nowMs }) ?? []
  })
}

/**
 * One offer, with its rates from the internal rate of return on the exact integer payments. Undefined when the rate is
 * above the cap on either reading.
 */
function termsOf(
  { rateCap }: Policy,
  product: ProductPolicy,
  { nominalRate }: Band,
  application: Application,
  { method, amountMinor, nowMs }: OfferInput & { readonly method: RepaymentMethod }
): OfferTerms | undefined {
  const { count, perYear, every } = periodsOf(product, application)
  const rows = makeSchedule(method, amountMinor, (nominalRate ?? Number.NaN) / perYear, count)
  const solved = irrPerPeriod(cashFlows(amountMinor, rows, NO_FEES))
  if (solved.kind === 'refused') return undefined
  const { nominal, effective } = annualise(solved.periodRate, perYear)
  if (!(nominal <= rateCap && effective <= rateCap)) return undefined
  const start = localDay(nowMs, product.utcOffsetMinutes)
  const totalInterestMinor = rows.reduce((sum, { interestMinor }) => sum + interestMinor, 0)
  return {
    amountMinor,
    currency: product.currency,
    term: application.term,
    repaymentMethod: method,
    apr: { nominal: roundRate(nominal), effective: roundRate(effective), method: 'IRR' },
    totalInterestMinor,
    totalRepayableMinor: amountMinor + totalInterestMinor,
    schedule: rows.map(({ no, principalMinor, interestMinor, totalMinor, balanceMinor }) => ({
      no,
      dueDate: isoDate(addTerm(start, { count: every.count * no, unit: every.unit })),
      principalMinor,
      interestMinor,
      totalMinor,
      balanceMinor
    }))
  }
}

function roundRate(rate: number): number {
  return Math.round(rate * RATE_DIGITS) / RATE_DIGITS
}
