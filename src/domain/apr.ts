import type { LoanFees } from './fees.ts'

/** Far above any lawful price; a cost beyond it has no rate worth naming. */
const MAX_PERIOD_RATE = 10
const TOLERANCE = 1e-12
const MAX_ROUNDS = 200

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

/** The flows of a schedule of principal and interest with its fees. */
export function cashFlows(
  amountMinor: number,
  schedule: readonly { readonly totalMinor: number }[],
  { upfrontMinor, eachPeriodMinor }: LoanFees
): CashFlows {
  const paymentsMinor = new Array<number>(schedule.length)
  for (let index = 0; index < schedule.length; index++) {
    paymentsMinor[index] = (schedule[index] as { totalMinor: number }).totalMinor + eachPeriodMinor
  }
  return { receivedMinor: amountMinor - upfrontMinor, paymentsMinor }
}

/**
 * Internal rate of return a period: the rate at which the payments are worth what the borrower received.
 * Newton guarded by a bracket that bisection keeps, so that it always ends.
 *
 * Golden values: domain reference 3.5 (flat 0.65 % a month is 14.10 % a year, 18 % with 3 % up front 23.91 %, 12 % with
 * a fee of 1 % a month 32.76 %).
 *
 * @param nearRate where to begin, for speed only; without it the flat rate
 */
export function irrPerPeriod({ receivedMinor, paymentsMinor }: CashFlows, nearRate = Number.NaN): PeriodRate {
  const totalMinor = sumOfPayments(paymentsMinor)
  const refusal = flowRefusal(receivedMinor, totalMinor)
  if (refusal !== undefined) return { kind: 'refused', refusal }
  if (isBeyondBound(receivedMinor, paymentsMinor, totalMinor)) return { kind: 'refused', refusal: 'BEYOND_BOUND' }
  if (totalMinor === receivedMinor) return { kind: 'rate', periodRate: 0 }
  const count = paymentsMinor.length
  let low = 0
  let high = MAX_PERIOD_RATE
  const flatRate = (2 * (totalMinor - receivedMinor)) / receivedMinor / (count + 1)
  let rate = nearRate > low && nearRate < high ? nearRate : Math.min(high / 2, flatRate)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    // Value and slope in one pass and without an object between: nine offers a decision (npm run bench:policy).
    const step = 1 / (1 + rate)
    let discount = 1
    let value = 0
    let slope = 0
    for (let period = 0; period < count; period++) {
      discount *= step
      const worth = (paymentsMinor[period] as number) * discount
      value += worth
      slope -= (period + 1) * worth * step
    }
    if (value > receivedMinor) low = rate
    else high = rate
    const newton = rate - (value - receivedMinor) / slope
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - rate) < TOLERANCE) return { kind: 'rate', periodRate: next }
    rate = next
  }
  return { kind: 'rate', periodRate: rate }
}

/** The sum of payments that are all finite and not below zero; NaN otherwise. */
export function sumOfPayments(paymentsMinor: readonly number[]): number {
  let totalMinor = 0
  for (const payment of paymentsMinor) totalMinor += payment >= 0 && payment < Infinity ? payment : Number.NaN
  return totalMinor
}

/** Why flows with this sum of payments (sumOfPayments) have no rate from zero up. */
export function flowRefusal(receivedMinor: number, totalMinor: number): RateRefusal | undefined {
  if (!Number.isFinite(receivedMinor) || Number.isNaN(totalMinor)) return 'INVALID_FLOW'
  if (receivedMinor <= 0 || totalMinor === 0) return 'NO_SIGN_CHANGE'
  return totalMinor < receivedMinor ? 'NOT_REPAID' : undefined
}

function isBeyondBound(receivedMinor: number, paymentsMinor: readonly number[], totalMinor: number): boolean {
  // Every payment is discounted at least once: most sums need no second look.
  if (totalMinor <= receivedMinor * MAX_PERIOD_RATE) return false
  let discount = 1
  let value = 0
  for (const payment of paymentsMinor) {
    discount /= 1 + MAX_PERIOD_RATE
    value += payment * discount
  }
  return value > receivedMinor
}

/** Annual rates of a period rate: nominal multiplies (the market’s APR), effective compounds. */
export function annualise(periodRate: number, periodsPerYear: number): { nominal: number; effective: number } {
  return { nominal: periodRate * periodsPerYear, effective: (1 + periodRate) ** periodsPerYear - 1 }
}
