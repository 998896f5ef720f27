import { type CashFlows, flowRefusal, type RateRefusal, sumOfPayments } from './apr.ts'

const DAYS_PER_YEAR = 365
/** 100,000,000 % a year; a cost beyond it has no rate worth naming. */
const MAX_DAILY_LOG_RATE = Math.log1p(1e6) / DAYS_PER_YEAR
/** Of the logarithmic rate a day: 1e-12 of the rate a year. */
const TOLERANCE = 1e-15
const MAX_ROUNDS = 200

export type YearRate =
  | { readonly kind: 'rate'; readonly yearRate: number }
  | { readonly kind: 'refused'; readonly refusal: RateRefusal }

/**
 * Effective rate a year of dated flows (XIRR, actual days over 365): the payments, each discounted by (1 + rate)^(days /
 * 365), are worth what was received. Newton guarded by a bracket that bisection keeps, so that it always ends.
 *
 * @param days of each payment, counted from the payout; at least 1 and in any order; those beyond the payments do not matter
 * @param nearYearRate where to begin, for speed only
 */
export function xirr(
  { receivedMinor, paymentsMinor }: CashFlows,
  days: readonly number[],
  nearYearRate = Number.NaN
): YearRate {
  const totalMinor = sumOfPayments(paymentsMinor)
  const refusal = datesRefusal(paymentsMinor, days) ?? flowRefusal(receivedMinor, totalMinor)
  if (refusal !== undefined) return { kind: 'refused', refusal }
  if (totalMinor === receivedMinor) return { kind: 'rate', yearRate: 0 }
  if (worthAt(MAX_DAILY_LOG_RATE, paymentsMinor, days) > receivedMinor) {
    return { kind: 'refused', refusal: 'BEYOND_BOUND' }
  }
  let low = 0
  let high = MAX_DAILY_LOG_RATE
  const near = Math.log1p(nearYearRate) / DAYS_PER_YEAR
  // From zero Newton climbs without overshooting: the worth of payments is convex in the rate.
  let rate = near > low && near < high ? near : 0
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let value = 0
    let slope = 0
    for (let index = 0; index < paymentsMinor.length; index++) {
      const day = days[index] as number
      const worth = (paymentsMinor[index] as number) * Math.exp(-rate * day)
      value += worth
      slope -= day * worth
    }
    if (value > receivedMinor) low = rate
    else high = rate
    const newton = rate - (value - receivedMinor) / slope
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - rate) < TOLERANCE) return { kind: 'rate', yearRate: Math.expm1(next * DAYS_PER_YEAR) }
    rate = next
  }
  return { kind: 'rate', yearRate: Math.expm1(rate * DAYS_PER_YEAR) }
}

/** Of an effective rate a year: the rate a period that compounds to it, times the periods of a year. */
export function nominalOf(yearRate: number, periodsPerYear: number): number {
  return Math.expm1(Math.log1p(yearRate) / periodsPerYear) * periodsPerYear
}

function datesRefusal(paymentsMinor: readonly number[], days: readonly number[]): RateRefusal | undefined {
  // A missing day compares as false.
  for (let index = 0; index < paymentsMinor.length; index++) {
    const day = days[index] as number
    if (!(day >= 1 && day < Infinity)) return 'INVALID_FLOW'
  }
  return undefined
}

function worthAt(rate: number, paymentsMinor: readonly number[], days: readonly number[]): number {
  let value = 0
  for (let index = 0; index < paymentsMinor.length; index++) {
    value += (paymentsMinor[index] as number) * Math.exp(-rate * (days[index] as number))
  }
  return value
}
