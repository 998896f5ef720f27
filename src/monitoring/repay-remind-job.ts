import { dayOfDate, startOfDayMs } from '../domain/calendar.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import type { LoanCheck, LoanJob } from './loan-job.ts'

/** Days from the due date on which the borrower is reminded; below zero before it (domain reference, section 4). */
const REMIND_DAYS = [-7, -3, -1, 0, 1, 3, 7] as const
/** Ten in the morning where the borrower is. */
const REMIND_HOUR = 10
const HOUR_MS = 3_600_000

/** Reminds before, on and after each due date while its instalment is not paid: once for each of those days, and never later. */
export const repayRemindJob: LoanJob = {
  name: 'repay-remind',
  queue: 'repay-remind',
  checks: (loan) =>
    isRunning(loan)
      ? loan.schedule
          .filter(({ paidAtMs }) => paidAtMs === null)
          .flatMap(({ dueDate }) => REMIND_DAYS.map((days) => remindOn(loan, dueDate, days)))
      : [],
  act: ({ loanId, schedule, decisionId }, { kind, dueDate }) => {
    const instalment = schedule.find((each) => each.dueDate === dueDate)
    const instalmentNo = instalment?.no ?? null
    return {
      isContact: true,
      notice: { type: 'repayment.reminder', loanId, decisionId, instalmentNo, dueDate, remind: kind }
    }
  }
}

function remindOn({ utcOffsetMinutes }: Loan, dueDate: string, days: number): LoanCheck {
  const day = dayOfDate(dueDate) + days
  return {
    kind: `T${days < 0 ? 'm' : 'p'}${Math.abs(days)}`,
    dueDate,
    atMs: startOfDayMs(day, utcOffsetMinutes) + REMIND_HOUR * HOUR_MS,
    untilMs: startOfDayMs(day + 1, utcOffsetMinutes)
  }
}
