import { dayOfDate, startOfDayMs } from '../domain/calendar.ts'
import { BUCKETS, bucketOf } from '../loans/buckets.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import { MARK_AT_MS } from './due-check-job.ts'
import type { LoanCheck, LoanJob } from './loan-job.ts'

const BUCKET_DAYS = 30

/**
 * Ten past midnight in the zone of the loan: marks the bucket that its days past due have come to. Days past due follow from
 * the loan book and are stored nowhere else; what is told is that a loan came into a bucket, once for each unpaid due date.
 */
export const dpdMarkJob: LoanJob = {
  name: 'dpd-mark',
  queue: 'loan-check',
  checks: (loan) => {
    const oldest = loan.schedule.find(({ paidAtMs }) => paidAtMs === null)
    if (!isRunning(loan) || oldest === undefined) return []
    return BUCKETS.slice(1).map((_, index) => enteredAt(loan, oldest.dueDate, index + 1))
  },
  act: ({ loanId, daysPastDue, bucket, balanceMinor, stage }, { dueDate }) => ({
    notice: { type: 'loan.dpd_changed', loanId, daysPastDue, bucket, dueDate },
    alert: {
      alert: 'bucket_changed',
      loanId,
      daysPastDue,
      bucket: bucket.replace('+', 'plus'),
      dueDate,
      balanceMinor,
      stage
    }
  })
}

/** Coming into the bucket of this place, until the next one. */
function enteredAt({ graceDays, utcOffsetMinutes }: Loan, dueDate: string, place: number): LoanCheck {
  const dueDay = dayOfDate(dueDate)
  const firstDay = Math.max(graceDays, (place - 1) * BUCKET_DAYS) + 1
  const isLast = place === BUCKETS.length - 1
  return {
    kind: bucketOf(firstDay),
    dueDate,
    atMs: startOfDayMs(dueDay + firstDay, utcOffsetMinutes) + MARK_AT_MS,
    untilMs: isLast ? Number.MAX_SAFE_INTEGER : startOfDayMs(dueDay + place * BUCKET_DAYS + 1, utcOffsetMinutes)
  }
}
