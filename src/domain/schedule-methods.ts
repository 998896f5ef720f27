import { roundHalfUp } from './money.ts'
import { annuityFactor, equalInstalments, type Instalment } from './schedule.ts'

/** Ways to repay: 等额本息, 等额本金 and 先息后本. */
export const REPAYMENT_METHODS = ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'BULLET'] as const
export type RepaymentMethod = (typeof REPAYMENT_METHODS)[number]

/**
 * The schedule of a loan in integer minor units. Whatever the method, interest is rounded half up each period on the
 * balance then owed, principals sum to the amount and the balance ends at zero.
 *
 * @param periodRate interest a period as a ratio: 0.015 is 1.5 %
 * @param count number of periods, at least 1
 */
export function makeSchedule(
  method: RepaymentMethod,
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
 * The heaviest instalment of a loan of 1 before rounding: what the income of its worst month must carry. Equal
 * instalments are alike, equal principals begin heaviest, a bullet ends with everything.
 */
export function heaviestInstalment(method: RepaymentMethod, periodRate: number, count: number): number {
  switch (method) {
    case 'EQUAL_INSTALMENT':
      return annuityFactor(periodRate, count)
    case 'EQUAL_PRINCIPAL':
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
