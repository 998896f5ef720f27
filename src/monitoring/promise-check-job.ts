import { dayOfDate, startOfDayMs } from '../domain/calendar.ts'
import { isRunning } from '../loans/loan-schema.ts'
import { MARK_AT_MS } from './due-check-job.ts'
import type { LoanJob } from './loan-job.ts'

const DAY_MS = 86_400_000
const TELL_WITHIN_MS = 30 * DAY_MS

/** On the day after the last one of a promise to pay: tells the partner whether it was kept. */
export const promiseCheckJob: LoanJob = {
  name: 'promise-check',
  queue: 'loan-check',
  checks: (loan) =>
    isRunning(loan)
      ? loan.promises.map(({ promiseId, dueDate }) => {
          const atMs = startOfDayMs(dayOfDate(dueDate) + 1, loan.utcOffsetMinutes) + MARK_AT_MS
          return { kind: promiseId, dueDate, atMs, untilMs: atMs + TELL_WITHIN_MS }
        })
      : [],
  act: ({ loanId, promises }, { kind, dueDate }) => {
    const isKept = promises.find(({ promiseId }) => promiseId === kind)?.state === 'kept'
    return {
      notice: { type: 'promise.checked', loanId, promiseId: kind, dueDate, promise: isKept ? 'kept' : 'broken' },
      ...(!isKept && { alert: { alert: 'promise_broken', loanId, promiseId: kind, dueDate } })
    }
  }
}
