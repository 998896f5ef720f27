import { dayOfDate, startOfDayMs } from '../domain/calendar.ts'
import { isRunning } from '../loans/loan-schema.ts'
import type { LoanJob } from './loan-job.ts'

const DAY_MS = 86_400_000
/** Ten past midnight: what was paid on the last day has been told by then. */
export const MARK_AT_MS = 600_000
/** After that the partner hears of the bucket instead. */
const TELL_WITHIN_MS = 30 * DAY_MS

/** On the day after the due date and the grace: tells the partner of an instalment that was not paid. */
export const dueCheckJob: LoanJob = {
  name: 'due-check',
  queue: 'loan-check',
  checks: (loan) => {
    if (!isRunning(loan)) return []
    return loan.schedule
      .filter(({ paidAtMs }) => paidAtMs === null)
      .map(({ dueDate }) => {
        const atMs = startOfDayMs(dayOfDate(dueDate) + loan.graceDays + 1, loan.utcOffsetMinutes) + MARK_AT_MS
        return { kind: 'missed', dueDate, atMs, untilMs: atMs + TELL_WITHIN_MS }
      })
  },
  act: ({ loanId, schedule, overdueMinor }, { dueDate }) => {
    const instalmentNo = schedule.find((each) => each.dueDate === dueDate)?.no ?? null
    return { alert: { alert: 'instalment_missed', loanId, instalmentNo, dueDate, overdueMinor } }
  }
}
