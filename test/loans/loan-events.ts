import type { LoanBookType, LoanEvent, LoanEventData } from '../../src/domain/loan-event.ts'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import type { Loan } from '../../src/loans/loan-schema.ts'

export const UTC = { utcOffsetMinutes: 0, graceDays: 0 }

/** Noon of a day, or another time of it, in UTC. */
export function at(date: string, time = '12:00:00'): number {
  return Date.parse(`${date}T${time}Z`)
}

/** An event of the loan L1; its id is its type and time unless one is given. */
export function loanEvent<Type extends LoanBookType>(
  type: Type,
  occurredAtMs: number,
  data: Omit<LoanEventData<Type>, 'loanId'>,
  eventId = `${type}.${occurredAtMs}`
): LoanEvent {
  return { eventId, type, occurredAtMs, data: { loanId: 'L1', ...data } } as unknown as LoanEvent
}

export type Row = readonly [dueDate: string, principalMinor: number, interestMinor?: number]

export function schedule(...rows: readonly Row[]) {
  return rows.map(([dueDate, principalMinor, interestMinor = 0]) => ({ dueDate, principalMinor, interestMinor }))
}

export function disbursed(date: string, rows: readonly Row[], more: Partial<LoanEventData<'loan.disbursed'>> = {}) {
  return loanEvent('loan.disbursed', at(date), { termDays: 90, schedule: schedule(...rows), ...more })
}

export function paid(date: string, amountMinor: number, time = '12:00:00') {
  return loanEvent('repayment.received', at(date, time), { instalmentNo: 1, dueAtMs: at(date), amountMinor })
}

/** The loan of these events at the end of a day, UTC. */
export function loanOn(date: string, events: readonly LoanEvent[]): Loan {
  const loan = loanAsOf(foldLoan(events, UTC), at(date, '23:59:59'))
  if (loan === undefined) throw new Error('no disbursal by then')
  return loan
}
