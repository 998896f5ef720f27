import { termDays } from '../domain/application.ts'
import type { Offer } from '../domain/decision.ts'

const DAYS_PER_YEAR = 365

/** What a comparison of policies takes a loan to cost; for comparing policies, not for the books. */
export interface Assumptions {
  /** Share of what is outstanding that is lost when a borrower defaults. */
  readonly lossGivenDefault: number
  /** Cost of money a year, as a ratio of what is outstanding. */
  readonly fundingRate: number
  /** Cost of making and serving a loan, as a ratio of its amount. */
  readonly costShare: number
}

/** Of the domain reference, section 1.3: its break-even example. */
export const ASSUMPTIONS: Assumptions = { lossGivenDefault: 0.85, fundingRate: 0.06, costShare: 0.015 }

/** One loan in integer minor units of its currency, but not rounded: sums are. */
export interface Economics {
  readonly amountMinor: number
  readonly interestMinor: number
  /** Lost when the borrower defaults at an instalment that any of them is as likely as the others. */
  readonly lossIfBadMinor: number
  /** Funding and servicing, whatever becomes of it. */
  readonly costMinor: number
  readonly expectedLossMinor: number
  /** Interest of who pays, less expected loss and cost. */
  readonly expectedMarginMinor: number
}

/** What an offer would earn at a probability of default. */
export function economicsOf(
  { amountMinor, totalInterestMinor, schedule, term }: Offer,
  pd: number,
  { lossGivenDefault, fundingRate, costShare }: Assumptions
): Economics {
  // What is outstanding before each instalment: the amount, then what the one before left.
  const outstandingMinor = schedule.reduce((sum, { balanceMinor }) => sum + balanceMinor, amountMinor) / schedule.length
  const lossIfBadMinor = lossGivenDefault * outstandingMinor
  const costMinor = (fundingRate * outstandingMinor * termDays(term)) / DAYS_PER_YEAR + costShare * amountMinor
  const expectedLossMinor = pd * lossIfBadMinor
  return {
    amountMinor,
    interestMinor: totalInterestMinor,
    lossIfBadMinor,
    costMinor,
    expectedLossMinor,
    expectedMarginMinor: (1 - pd) * totalInterestMinor - expectedLossMinor - costMinor
  }
}
