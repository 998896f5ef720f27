import { dayOfDate, isoDate, localDay, startOfDayMs } from '../domain/calendar.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import { MARK_AT_MS } from './due-check-job.ts'
import { FREEZE_DAYS, REDUCE_DAYS } from './limit-review.ts'
import type { LoanCheck, LoanJob } from './loan-job.ts'

/** Has the limit of a person reviewed as soon as there is a cause to hold it back; giving back is left to the monthly review. */
export const limitWatchJob: LoanJob = {
  name: 'limit-watch',
  queue: 'loan-check',
  checks: (loan) => [...overdueChecks(loan), ...warningChecks(loan), ...writeOffChecks(loan)],
  act: () => ({ reviewsLimit: true })
}

function overdueChecks(loan: Loan): LoanCheck[] {
  const oldest = loan.schedule.find(({ paidAtMs }) => paidAtMs === null)
  if (!isRunning(loan) || oldest === undefined) return []
  const { dueDate } = oldest
  return [REDUCE_DAYS, FREEZE_DAYS].map((days) => {
    const day = dayOfDate(dueDate) + Math.max(days, loan.graceDays + 1)
    return { kind: `dpd${days}`, dueDate, ...from(startOfDayMs(day, loan.utcOffsetMinutes) + MARK_AT_MS) }
  })
}

function warningChecks({ warnings, utcOffsetMinutes }: Loan): LoanCheck[] {
  return warnings
    .filter(({ level }) => level === 'orange' || level === 'red')
    .map(({ rule, level, raisedAtMs }) => ({
      kind: `${level}.${rule}`.slice(0, 64),
      dueDate: isoDate(localDay(raisedAtMs, utcOffsetMinutes)),
      ...from(raisedAtMs)
    }))
}

function writeOffChecks({ writtenOffAtMs, utcOffsetMinutes }: Loan): LoanCheck[] {
  if (writtenOffAtMs === null) return []
  const dueDate = isoDate(localDay(writtenOffAtMs, utcOffsetMinutes))
  return [{ kind: 'written_off', dueDate, ...from(writtenOffAtMs) }]
}

function from(atMs: number) {
  return { atMs, untilMs: Number.MAX_SAFE_INTEGER }
}
