import type { Charge, CostDisclosure } from '../domain/cost-disclosure.ts'
import { type Fee, feeMinor, loanFees } from '../domain/fees.ts'
import { allInRates, type PlannedLoan } from './offers-rates.ts'
import type { Disclosure } from './product-schema.ts'

const RATE_DIGITS = 1e6

/** Rates are told to a ten-thousandth of a percent. */
export function roundRate(rate: number): number {
  return Math.round(rate * RATE_DIGITS) / RATE_DIGITS
}

interface DisclosedLoan {
  readonly loan: PlannedLoan
  readonly fees: readonly Fee[]
  readonly totalInterestMinor: number
  /** Of the loan with all its fees. */
  readonly nominal: number
}

/**
 * The cost table of one offer. A charge’s annual rate is what it adds to the all-in rate, in the order of interest and fees,
 * so that the items sum to it exactly as told.
 */
export function discloseCosts(disclosure: Disclosure, disclosed: DisclosedLoan): CostDisclosure {
  const { template, interest, contingent, minReadingSeconds, confirmationRequired } = disclosure
  const { loan, fees, totalInterestMinor, nominal } = disclosed
  const allInAnnualised = roundRate(nominal)
  const upTo = (count: number) =>
    count === fees.length ? allInAnnualised : roundRate(nominalWith(loan, fees.slice(0, count)))
  let told = upTo(0)
  const items: Charge[] = [chargeOf(interest, told, totalInterestMinor)]
  for (let index = 0; index < fees.length; index++) {
    const fee = fees[index] as Fee
    const rate = upTo(index + 1)
    const times = fee.collected === 'upfront' ? 1 : loan.rows.length
    items.push(chargeOf(fee, roundRate(rate - told), feeMinor(fee, loan.amountMinor) * times))
    told = rate
  }
  const principalMinor = loan.amountMinor
  return {
    template,
    principalMinor,
    items,
    allInAnnualised,
    contingent,
    noOtherCharges: true,
    minReadingSeconds,
    confirmationRequired
  }
}

function chargeOf(texts: Disclosure['interest'], annualised: number, amountMinor: number): Charge {
  const { name, basis, method, payee, payeeLicence } = texts
  return { name, basis, annualised, amountMinor, method, payee, payeeLicence }
}

function nominalWith(loan: PlannedLoan, fees: readonly Fee[]): number {
  const rates = allInRates(loan, loanFees(fees, loan.amountMinor))
  if (rates === undefined) throw new Error('a loan that has a rate with all its fees has one with fewer')
  return rates.nominal
}
