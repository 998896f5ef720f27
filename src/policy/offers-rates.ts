import { annualise, cashFlows, irrPerPeriod } from '../domain/apr.ts'
import type { LoanFees } from '../domain/fees.ts'
import type { Instalment } from '../domain/schedule.ts'
import { nominalOf, xirr } from '../domain/xirr.ts'

/** One loan as planned, with what its rates depend on. */
export interface PlannedLoan {
  readonly amountMinor: number
  readonly rows: readonly Instalment[]
  readonly perYear: number
  /** Days from the payout to each instalment where interest accrues by the day; null where each period counts alike. */
  readonly days: readonly number[] | null
  /** The contract’s interest a year, near which the solver begins. */
  readonly nominalRate: number
}

export interface YearRates {
  readonly nominal: number
  readonly effective: number
}

/**
 * The all-in rates of a loan with some fees, from the internal rate of return on the exact integer flows: dated flows over
 * 365 days for daily accrual, periods otherwise. Undefined where the flows have no rate.
 */
export function allInRates(loan: PlannedLoan, fees: LoanFees): YearRates | undefined {
  const { amountMinor, rows, perYear, days, nominalRate } = loan
  const flows = cashFlows(amountMinor, rows, fees)
  if (days !== null) {
    const solved = xirr(flows, days, nominalRate)
    if (solved.kind === 'refused') return undefined
    return { nominal: nominalOf(solved.yearRate, perYear), effective: solved.yearRate }
  }
  const solved = irrPerPeriod(flows, nominalRate / perYear)
  return solved.kind === 'refused' ? undefined : annualise(solved.periodRate, perYear)
}
