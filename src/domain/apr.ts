/** Far above any lawful price; a cost beyond it has no rate worth naming. */
const MAX_PERIOD_RATE = 10
const TOLERANCE = 1e-12

/**
 * Internal rate of return a period: the rate at which the payments are worth what the borrower received.
 * Newton from the flat rate, guarded by a bracket that bisection keeps, so that it always ends.
 *
 * @returns the rate, or undefined when there is none between zero and 1,000 % a period (the payments sum to less than
 *   was received, or to absurdly more).
 */
export function irrPerPeriod(receivedMinor: number, paymentsMinor: readonly number[]): number | undefined {
  const totalMinor = paymentsMinor.reduce((sum, payment) => sum + payment, 0)
  if (!(receivedMinor > 0) || totalMinor < receivedMinor) return undefined
  if (totalMinor === receivedMinor) return 0
  let low = 0
  let high = MAX_PERIOD_RATE
  if (presentValue(paymentsMinor, high).value > receivedMinor) return undefined
  let rate = Math.min(high / 2, (2 * (totalMinor - receivedMinor)) / receivedMinor / (paymentsMinor.length + 1))
  for (let round = 0; round < 200; round++) {
    const { value, slope } = presentValue(paymentsMinor, rate)
    if (value > receivedMinor) low = rate
    else high = rate
    const newton = rate - (value - receivedMinor) / slope
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - rate) < TOLERANCE) return next
    rate = next
  }
  return rate
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
