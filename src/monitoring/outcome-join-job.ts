import { isoDate, localDay } from '../domain/calendar.ts'
import type { Loan } from '../loans/loan-schema.ts'
import type { OutcomeInput } from '../outcomes/outcome.ts'
import type { LoanJob } from './loan-job.ts'

/** From more days past due than this a loan counts as bad for good: the backstop of default (domain reference, section 4). */
const BAD_FROM_DAYS = 90

/**
 * Tells the models what became of a loan that they scored: bad once it was more than ninety days past due or given up, good
 * once it is closed and never was. A loan that names no decision tells nobody.
 */
export const outcomeJoinJob: LoanJob = {
  name: 'outcome-join',
  queue: 'loan-check',
  checks: (loan) => {
    const outcome = outcomeOf(loan)
    if (outcome === undefined) return []
    const date = isoDate(localDay(outcome.observedAtMs, loan.utcOffsetMinutes))
    // The date is that of the loan, not of the look, so that the same outcome is one check.
    const dueDate = outcome.outcome === 'bad' ? isoDate(localDay(loan.disbursedAtMs, loan.utcOffsetMinutes)) : date
    return [{ kind: outcome.outcome, dueDate, atMs: outcome.observedAtMs, untilMs: Number.MAX_SAFE_INTEGER }]
  },
  act: (loan) => {
    const outcome = outcomeOf(loan)
    return outcome === undefined ? {} : { outcome }
  }
}

/** What became of a loan for good; undefined while that is open. */
export function outcomeOf(loan: Loan): OutcomeInput | undefined {
  const { decisionId, state, closedAtMs, writtenOffAtMs, worstDaysPastDue, asOfMs } = loan
  if (decisionId === null) return undefined
  if (writtenOffAtMs !== null) return { decisionId, outcome: 'bad', observedAtMs: writtenOffAtMs, source: 'repayment' }
  if (worstDaysPastDue > BAD_FROM_DAYS) return { decisionId, outcome: 'bad', observedAtMs: asOfMs, source: 'repayment' }
  if (state !== 'closed') return undefined
  return { decisionId, outcome: 'good', observedAtMs: closedAtMs ?? lastPaidAtMs(loan), source: 'repayment' }
}

function lastPaidAtMs({ schedule, asOfMs }: Loan): number {
  return Math.max(...schedule.map(({ paidAtMs }) => paidAtMs ?? asOfMs))
}
