import { roundHalfUp } from './money.ts'
import { annuityFactor, equalInstalments, type Instalment } from './schedule.ts'

/** Ways to repay with the same interest rate each period: 等额本息, 等额本金 and 先息后本. */
export const PERIODIC_METHODS = ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'BULLET'] as const
/** And 随借随还: interest by the day on what is owed, scheduled for repayment in equal principals. */
export const REPAYMENT_METHODS = [...PERIODIC_METHODS, 'DAILY_ACCRUAL'] as const
export type PeriodicMethod = (typeof PERIODIC_METHODS)[number]
export type RepaymentMethod = (typeof REPAYMENT_METHODS)[number]

/** Days of a year by which a yearly rate becomes a daily one. */
export const DAY_BASES = [365, 360] as const
export type DayBasis = (typeof DAY_BASES)[number]

/**
 * The schedule of a loan in integer minor units. Whatever the method, interest is rounded half up each period on the
 * balance then owed, principals sum to the amount and the balance ends at zero.
 *
 * @param periodRate interest a period as a ratio: 0.015 is 1.5 %
 * @param count number of periods, at least 1
 */
export function makeSchedule(
  method: PeriodicMethod,
  amountMinor: number,
  periodRate: number,
  count: number
): Instalment[] {
  switch (method) {
    case 'EQUAL_INSTALMENT':
      return equalInstalments(amountMinor, periodRate, count)
    case 'EQUAL_PRINCIPAL':
      return repay(amountMinor, periodRate, count, roundHalfUp(amountMinor / count))
    case 'BULLET':
      return repay(amountMinor, periodRate, count, 0)
  }
}

/**
 * The schedule of a loan whose interest accrues by the day, repaid as planned: an equal principal on each due date with the
 * interest of the days since the last one, rounded half up.
 *
 * @param dailyRate interest a day as a ratio: 0.0005 is 0.05 %
 * @param days from the payout to each due date, rising; those after the first `count` do not matter
 */
export function dailyAccrual(
  amountMinor: number,
  dailyRate: number,
  days: readonly number[],
  count = days.length
): Instalment[] {
  const partMinor = roundHalfUp(amountMinor / count)
  const schedule: Instalment[] = []
  let balanceMinor = amountMinor
  let fromDay = 0
  for (let no = 1; no <= count; no++) {
    const day = days[no - 1] as number
    const interestMinor = roundHalfUp(balanceMinor * dailyRate * (day - fromDay))
    const principalMinor = no === count ? balanceMinor : Math.min(balanceMinor, partMinor)
    balanceMinor -= principalMinor
    fromDay = day
    schedule.push({ no, principalMinor, interestMinor, totalMinor: principalMinor + interestMinor, balanceMinor })
  }
  return schedule
}

/**
 * The heaviest instalment of a loan of 1 before rounding: what the income of its worst month must carry. Equal
 * instalments are alike, equal principals begin heaviest, a bullet ends with everything.
 *
 * @param periodRate of daily accrual that of the longest period
 */
export function heaviestInstalment(method: RepaymentMethod, periodRate: number, count: number): number {
  switch (method) {
    case 'EQUAL_INSTALMENT':
      return annuityFactor(periodRate, count)
    case 'EQUAL_PRINCIPAL':
    case 'DAILY_ACCRUAL':
      return 1 / count + periodRate
    case 'BULLET':
      return 1 + periodRate
  }
}

/** The same principal each period while something is owed; the last instalment takes the rest. */
function repay(amountMinor: number, periodRate: number, count: number, partMinor: number): Instalment[] {
  const schedule: Instalment[] = []
  let balanceMinor = amountMinor
  for (let no = 1; no <= count; no++) {
    const interestMinor = roundHalfUp(balanceMinor * periodRate)
    const principalMinor = no === count ? balanceMinor : Math.min(balanceMinor, partMinor)
    balanceMinor -= principalMinor
    schedule.push({ no, principalMinor, interestMinor, totalMinor: principalMinor + interestMinor, balanceMinor })
  }
  return schedule
}
