import type { Term } from '../domain/application.ts'
import type { Offer } from '../domain/decision.ts'
import type { DueDates } from '../domain/due-dates.ts'
import { type LoanFees, loanFees } from '../domain/fees.ts'
import type { Instalment } from '../domain/schedule.ts'
import { dailyAccrual, makeSchedule, type RepaymentMethod } from '../domain/schedule-methods.ts'
import { nominalOf } from '../domain/xirr.ts'
import { dayBasisOf, type Periods } from './offers-affordability.ts'
import { discloseCosts, roundRate } from './offers-disclosure.ts'
import { splitFunding } from './offers-funding.ts'
import { allInRates, type PlannedLoan, type YearRates } from './offers-rates.ts'
import { isWithinCaps, type Price, type RateCaps } from './pricing.ts'
import type { ProductPolicy } from './product-schema.ts'

const BASIS_POINT_DIGITS = 1e4
const DAILY_RATE_DIGITS = 1e10
/** One lowering nearly always does; rounding to whole minor units of a small loan can ask for another. */
const MAX_LOWERINGS = 4

/** One cell of the grid: an amount, a term and a way to repay. */
export interface Cell {
  readonly amountMinor: number
  readonly term: Term
  readonly method: RepaymentMethod
  readonly periods: Periods
  readonly due: DueDates
}

export interface CellContext {
  readonly product: ProductPolicy
  readonly price: Price
  readonly caps: RateCaps
  /** Told of each offer of a grid; undefined elsewhere. */
  readonly expiresAt: string | undefined
}

/**
 * The offer of a cell, with rates from the internal rate of return on its exact integer payments. Above a cap the price comes
 * down to it, by whole basis points and never below what the costs need. Undefined when no such price is within the caps.
 */
export function offerOf(context: CellContext, cell: Cell, offerId: string): Offer | undefined {
  const { product, price, caps } = context
  const fees = loanFees(product.fees ?? [], cell.amountMinor)
  let nominalRate = price.nominalRate
  for (let lowerings = 0; ; lowerings++) {
    const loan = planLoan(product, cell, nominalRate)
    const rates = allInRates(loan, fees)
    if (rates === undefined) return undefined
    if (isWithinCaps(rates.nominal, rates.effective, caps))
      return composeOffer(context, cell, { loan, fees, rates, offerId })
    nominalRate = lowered(nominalRate, rates.nominal - capAsNominal(caps, cell.periods.perYear))
    if (lowerings === MAX_LOWERINGS || !(nominalRate >= price.leastRate)) return undefined
  }
}

function planLoan(
  product: ProductPolicy,
  { amountMinor, method, periods, due }: Cell,
  nominalRate: number
): PlannedLoan {
  const { count, perYear } = periods
  if (method === 'DAILY_ACCRUAL') {
    const rows = dailyAccrual(amountMinor, nominalRate / dayBasisOf(product), due.days, count)
    return { amountMinor, rows, perYear, days: due.days, nominalRate }
  }
  const rows = makeSchedule(method, amountMinor, nominalRate / perYear, count)
  return { amountMinor, rows, perYear, days: null, nominalRate }
}

/** The stricter of both caps, as a nominal rate of so many periods a year. */
function capAsNominal({ nominal, effective }: RateCaps, perYear: number): number {
  return Math.min(nominal ?? Infinity, effective === null ? Infinity : nominalOf(effective, perYear))
}

/** A price that much lower, in whole basis points and by one at least. */
function lowered(nominalRate: number, excess: number): number {
  const points = Math.min(
    Math.floor((nominalRate - excess) * BASIS_POINT_DIGITS),
    Math.ceil(nominalRate * BASIS_POINT_DIGITS) - 1
  )
  return points / BASIS_POINT_DIGITS
}

interface Priced {
  readonly loan: PlannedLoan
  readonly fees: LoanFees
  readonly rates: YearRates
  readonly offerId: string
}

function composeOffer({ product, expiresAt }: CellContext, cell: Cell, { loan, fees, rates, offerId }: Priced): Offer {
  const { amountMinor, term, method } = cell
  const { rows } = loan
  const hasFees = product.fees !== undefined && product.fees.length > 0
  let totalInterestMinor = 0
  for (const { interestMinor } of rows) totalInterestMinor += interestMinor
  const offer: Offer = {
    offerId,
    amountMinor,
    currency: product.currency,
    term,
    repaymentMethod: method,
    apr: {
      nominal: roundRate(rates.nominal),
      effective: roundRate(rates.effective),
      method: method === 'DAILY_ACCRUAL' ? 'XIRR' : 'IRR'
    },
    totalInterestMinor,
    totalRepayableMinor: amountMinor + totalInterestMinor + fees.eachPeriodMinor * rows.length,
    schedule: hasFees ? rowsWithFees(rows, cell.due, fees.eachPeriodMinor) : rowsWithoutFees(rows, cell.due)
  }
  if (method === 'DAILY_ACCRUAL') {
    const yearDays = dayBasisOf(product)
    offer.daily = { rate: Math.round((loan.nominalRate / yearDays) * DAILY_RATE_DIGITS) / DAILY_RATE_DIGITS, yearDays }
  }
  if (product.fees !== undefined) {
    if (fees.upfrontMinor > 0) offer.receivedMinor = amountMinor - fees.upfrontMinor
    offer.totalFeesMinor = fees.upfrontMinor + fees.eachPeriodMinor * rows.length
    offer.totalCostMinor = totalInterestMinor + offer.totalFeesMinor
  }
  if (expiresAt !== undefined) offer.expiresAt = expiresAt
  if (product.disclosure !== undefined) {
    const disclosed = { loan, fees: product.fees ?? [], totalInterestMinor, nominal: rates.nominal }
    offer.costDisclosure = discloseCosts(product.disclosure, disclosed)
  }
  if (product.funding !== undefined) offer.fundingSplit = splitFunding(product.funding, amountMinor)
  return offer
}

function rowsWithoutFees(rows: readonly Instalment[], { dates }: DueDates): Offer['schedule'] {
  return rows.map(({ no, principalMinor, interestMinor, totalMinor, balanceMinor }, index) => {
    const dueDate = dates[index] as string
    return { no, dueDate, principalMinor, interestMinor, totalMinor, balanceMinor }
  })
}

function rowsWithFees(rows: readonly Instalment[], { dates }: DueDates, feesMinor: number): Offer['schedule'] {
  return rows.map(({ no, principalMinor, interestMinor, totalMinor, balanceMinor }, index) => {
    const dueDate = dates[index] as string
    return { no, dueDate, principalMinor, interestMinor, feesMinor, totalMinor: totalMinor + feesMinor, balanceMinor }
  })
}
