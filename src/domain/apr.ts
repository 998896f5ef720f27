import { roundHalfUp } from './money.ts'

/** Far above any lawful price; a cost beyond it has no rate worth naming. */
const MAX_PERIOD_RATE = 10
const TOLERANCE = 1e-12
const MAX_ROUNDS = 200

/** What a loan costs besides interest, as ratios of the original principal. */
export interface Fees {
  /** Taken from the payout. */
  readonly upfrontRate: number
  /** Paid with each instalment, however much is still owed. */
  readonly periodicRate: number
}

export const NO_FEES: Fees = { upfrontRate: 0, periodicRate: 0 }

/** What the borrower gets and then pays each period, in minor units. */
export interface CashFlows {
  readonly receivedMinor: number
  readonly paymentsMinor: readonly number[]
}

/**
 * Why flows have no rate: an amount that is no number or below zero; nothing on one side (a fee that eats the whole
 * payout); less paid than received; or a cost beyond 1,000 % a period.
 */
export type RateRefusal = 'INVALID_FLOW' | 'NO_SIGN_CHANGE' | 'NOT_REPAID' | 'BEYOND_BOUND'

export type PeriodRate =
  | { readonly kind: 'rate'; readonly periodRate: number }
  | { readonly kind: 'refused'; readonly refusal: RateRefusal }

/** The flows of a schedule with its fees, each fee rounded half up to a minor unit. */
export function cashFlows(
  amountMinor: number,
  schedule: readonly { readonly totalMinor: number }[],
  { upfrontRate, periodicRate }: Fees
): CashFlows {
  const feeMinor = roundHalfUp(amountMinor * periodicRate)
  return {
    receivedMinor: amountMinor - roundHalfUp(amountMinor * upfrontRate),
    paymentsMinor: schedule.map(({ totalMinor }) => totalMinor + feeMinor)
  }
}

/**
 * Internal rate of return a period: the rate at which the payments are worth what the borrower received.
 * Newton from the flat rate, guarded by a bracket that bisection keeps, so that it always ends.
 *
 * Golden values: domain reference 3.5 (flat 0.65 % a month is 14.10 % a year, 18 % with 3 % up front 23.91 %, 12 % with
 * a fee of 1 % a month 32.76 %).
 */
export function irrPerPeriod({ receivedMinor, paymentsMinor }: CashFlows): PeriodRate {
  const refusal = refusalOf(receivedMinor, paymentsMinor)
  if (refusal !== undefined) return { kind: 'refused', refusal }
  const totalMinor = sum(paymentsMinor)
  if (totalMinor === receivedMinor) return { kind: 'rate', periodRate: 0 }
  let low = 0
  let high = MAX_PERIOD_RATE
  let rate = Math.min(high / 2, (2 * (totalMinor - receivedMinor)) / receivedMinor / (paymentsMinor.length + 1))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { value, slope } = presentValue(paymentsMinor, rate)
    if (value > receivedMinor) low = rate
    else high = rate
    const newton = rate - (value - receivedMinor) / slope
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - rate) < TOLERANCE) return { kind: 'rate', periodRate: next }
    rate = next
  }
  return { kind: 'rate', periodRate: rate }
}

function refusalOf(receivedMinor: number, paymentsMinor: readonly number[]): RateRefusal | undefined {
  if (!Number.isFinite(receivedMinor)) return 'INVALID_FLOW'
  if (!paymentsMinor.every((payment) => payment >= 0 && payment < Infinity)) return 'INVALID_FLOW'
  const totalMinor = sum(paymentsMinor)
  if (receivedMinor <= 0 || totalMinor === 0) return 'NO_SIGN_CHANGE'
  if (totalMinor < receivedMinor) return 'NOT_REPAID'
  return presentValue(paymentsMinor, MAX_PERIOD_RATE).value > receivedMinor ? 'BEYOND_BOUND' : undefined
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}

function presentValue(paymentsMinor: readonly number[], rate: number): { value: number; slope: number } {
  const step = 1 / (1 + rate)
  let discount = 1
  let value = 0
  let slope = 0
  for (let period = 0; period < paymentsMinor.length; period++) {
    discount *= step
    const worth = (paymentsMinor[period] as number) * discount
    value += worth
    slope -= (period + 1) * worth * step
  }
  return { value, slope }
}

/** Annual rates of a period rate: nominal multiplies (the market’s APR), effective compounds. */
export function annualise(periodRate: number, periodsPerYear: number): { nominal: number; effective: number } {
  return { nominal: periodRate * periodsPerYear, effective: (1 + periodRate) ** periodsPerYear - 1 }
}
