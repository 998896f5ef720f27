import { expectedLossMinor, exposureByMonth, type LossParameters } from '../loans/expected-loss.ts'
import type { Loan } from '../loans/loan-schema.ts'
import type { Stage } from '../loans/stage.ts'

/** Effective rate of a month to discount by: 18 % a year. */
const MONTHLY_RATE_PPM = 13_888

const scenarios = (pdPpm: readonly [good: number, base: number, bad: number]): LossParameters => ({
  monthlyRatePpm: MONTHLY_RATE_PPM,
  scenarios: [
    { weightPpm: 200_000, monthlyPdPpm: pdPpm[0], lossGivenDefaultPpm: 500_000 },
    { weightPpm: 600_000, monthlyPdPpm: pdPpm[1], lossGivenDefaultPpm: 600_000 },
    { weightPpm: 200_000, monthlyPdPpm: pdPpm[2], lossGivenDefaultPpm: 750_000 }
  ]
})

/**
 * What expected losses are reckoned with until a lender has measured its own: assumptions, not measurements. In stage 3 the
 * probability is one whatever is said here.
 */
const LOSS_ASSUMPTIONS: { readonly [S in Stage]: LossParameters } = {
  1: scenarios([6000, 10_000, 20_000]),
  2: scenarios([60_000, 100_000, 180_000]),
  3: scenarios([1_000_000, 1_000_000, 1_000_000])
}

/** Expected loss of a running loan, minor units, by these assumptions. */
export function lossMinorOf(loan: Loan): number {
  return expectedLossMinor(loan.stage, exposureByMonth(loan), LOSS_ASSUMPTIONS[loan.stage])
}
