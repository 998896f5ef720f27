import type { Loan } from './loan-schema.ts'
import type { Stage } from './stage.ts'

/** One view of the future, in parts of a million so that sums stay whole. */
export interface LossScenario {
  readonly weightPpm: number
  /** Probability of default in one month, given none before. */
  readonly monthlyPdPpm: number
  /** Share of the exposure that a default loses. */
  readonly lossGivenDefaultPpm: number
}

export interface LossParameters {
  /** Their weights come to a million. */
  readonly scenarios: readonly LossScenario[]
  /** Effective rate of one month, to discount by. */
  readonly monthlyRatePpm: number
}

const PPM = 1_000_000n
const MONTHS_OF_STAGE_1 = 12

/**
 * Expected loss of a loan in minor units: Σ over months of P(default in the month) × loss given default × what is owed in it,
 * discounted to now; twelve months at most in stage 1, to the last instalment in stage 2. In stage 3 the default has happened: it
 * is what is owed × loss given default. Exact until it is rounded once, half up.
 *
 * @param exposureMinor what is owed at the start of each month to come, this one first
 * @throws RangeError when the weights do not come to a million
 */
export function expectedLossMinor(stage: Stage, exposureMinor: readonly number[], parameters: LossParameters): number {
  const { scenarios, monthlyRatePpm } = parameters
  if (scenarios.reduce((sum, { weightPpm }) => sum + weightPpm, 0) !== Number(PPM))
    throw new RangeError('the weights of the scenarios do not come to a million')
  const months =
    stage === 3 ? exposureMinor.slice(0, 1) : exposureMinor.slice(0, stage === 1 ? MONTHS_OF_STAGE_1 : undefined)
  // All months over one denominator: (PPM × growth)^months, so that nothing is rounded on the way.
  const growth = PPM + BigInt(monthlyRatePpm)
  let numerator = 0n
  for (const { weightPpm, monthlyPdPpm, lossGivenDefaultPpm } of scenarios) {
    const pd = stage === 3 ? PPM : BigInt(monthlyPdPpm)
    let sum = 0n
    for (const [month, exposure] of months.entries()) {
      const survived = (PPM - pd) ** BigInt(month)
      const discounts = stage === 3 ? 0 : month + 1
      // survived/PPM^month × pd/PPM × exposure × (PPM/growth)^discounts, brought to the common denominator
      const left = BigInt(months.length - month - 1)
      sum +=
        survived *
        pd *
        BigInt(exposure) *
        PPM ** BigInt(discounts) *
        (PPM * growth) ** left *
        growth ** BigInt(month + 1 - discounts)
    }
    numerator += sum * BigInt(weightPpm) * BigInt(lossGivenDefaultPpm)
  }
  const denominator = (PPM * growth) ** BigInt(months.length) * PPM * PPM
  return Number((2n * numerator + denominator) / (2n * denominator))
}

/** What is owed at the start of each month to come if every instalment that is not due yet is paid when it is. */
export function exposureByMonth(loan: Loan): number[] {
  if (loan.owedMinor === 0) return []
  const thisMonth = monthNumber(new Date(loan.asOfMs + loan.utcOffsetMinutes * 60_000).toISOString())
  const unpaid = loan.schedule.filter(({ paidAtMs }) => paidAtMs === null)
  const last = Math.max(thisMonth, ...unpaid.map(({ dueDate }) => monthNumber(dueDate)))
  return Array.from({ length: last - thisMonth + 1 }, (_, month) =>
    // What is overdue stays owed in every month.
    unpaid
      .filter(({ dueDate, daysLate }) => daysLate > 0 || monthNumber(dueDate) >= thisMonth + month)
      .reduce(
        (sum, { principalMinor, interestMinor, paidMinor }) => sum + principalMinor + interestMinor - paidMinor,
        0
      )
  )
}

function monthNumber(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1
}
