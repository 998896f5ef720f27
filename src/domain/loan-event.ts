import type { Static } from 'typebox'
import type { AssayEvent } from './event.ts'
import type { LOAN_EVENTS } from './events/loan-events.ts'

/** Types of event that make a loan what it is; each names the loan in its data. */
export const LOAN_BOOK_TYPES = [
  'loan.disbursed',
  'repayment.received',
  'repayment.failed',
  'repayment.returned',
  'loan.restructured',
  'loan.closed',
  'loan.written_off',
  'loan.recovered',
  'loan.warned',
  'collection.contacted'
] as const
export type LoanBookType = (typeof LOAN_BOOK_TYPES)[number]

export type LoanEventData<Type extends LoanBookType> = Static<(typeof LOAN_EVENTS)[Type]['data']>

/** One event of a loan, without whose it is: the loan book keeps it under its applicant. */
export type LoanEvent = {
  readonly [Type in LoanBookType]: {
    readonly eventId: string
    readonly type: Type
    readonly occurredAtMs: number
    readonly data: LoanEventData<Type>
  }
}[LoanBookType]

const TYPES: ReadonlySet<string> = new Set(LOAN_BOOK_TYPES)

/** What the loan book keeps of an event; undefined for one that changes no loan. */
export function loanEventOf({ eventId, type, occurredAtMs, data }: AssayEvent): LoanEvent | undefined {
  if (!TYPES.has(type)) return undefined
  // The edge has checked the data by the schema of the type.
  return { eventId, type, occurredAtMs, data } as LoanEvent
}
