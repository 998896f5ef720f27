import type { Redis } from 'ioredis'
import type { AssayEvent } from '../domain/event.ts'
import { type LoanEvent, loanEventOf } from '../domain/loan-event.ts'
import { type CallArgument, callFunction } from './encoded-call.ts'
import { type Keys, partitionOfText } from './keys.ts'

/** What the loan book notes of an event: keys and word of add_loan_event in lua/07-loans.lua. */
export interface LoanNote {
  readonly keys: readonly [loan: string, applicantLoans: string, loanPlace: string, loansDue: string]
  readonly note: string
}

/** Undefined for an event of no loan. */
export function loanNoteOf(keys: Keys, event: AssayEvent): LoanNote | undefined {
  const loanEvent = loanEventOf(event)
  if (loanEvent === undefined) return undefined
  const { tenant, refs } = event
  const { loanId } = loanEvent.data
  return {
    keys: loanKeys(keys, tenant, refs.applicant, loanId),
    note: `${tenant} ${refs.applicant} ${loanId}\n${serialiseLoanEvent(loanEvent)}`
  }
}

export function loanKeys(keys: Keys, tenant: string, token: string, loanId: string): LoanNote['keys'] {
  const partition = partitionOfText(token)
  return [
    keys.loan(partition, tenant, loanId),
    keys.applicantLoans(partition, tenant, token),
    keys.loanPlace(tenant, loanId),
    keys.loansDue(partition)
  ]
}

function serialiseLoanEvent({ eventId, type, occurredAtMs, data }: LoanEvent): string {
  return JSON.stringify([eventId, type, occurredAtMs, data])
}

export function parseLoanEvent(text: string): LoanEvent {
  const [eventId, type, occurredAtMs, data] = JSON.parse(text)
  return { eventId, type, occurredAtMs, data }
}

/** assay_loan_add: how many of the events were new. */
export async function addLoanEvents(redis: Redis, notes: readonly LoanNote[]): Promise<number> {
  const args: CallArgument[] = notes.map(({ note }) => note)
  const names = notes.flatMap(({ keys }) => keys)
  return (await callFunction(redis, 'assay_loan_add', names, args)) as number
}

export interface SettleCall {
  readonly tenant: string
  readonly applicantToken: string
  readonly loanId: string
  readonly version: number
  /** Undefined for never. */
  readonly nextAtMs: number | undefined
  /** How long a loan is kept that is never looked at again. */
  readonly keepMs: number
}

/** assay_loan_settle: false when something happened to the loan since that version. */
export async function settleLoan(redis: Redis, keys: Keys, call: SettleCall): Promise<boolean> {
  const { tenant, applicantToken, loanId, version, nextAtMs, keepMs } = call
  const [loan, , place, due] = loanKeys(keys, tenant, applicantToken, loanId)
  const args = [version, `${tenant} ${applicantToken} ${loanId}`, nextAtMs ?? '', keepMs]
  return (await redis.fcall('assay_loan_settle', 3, loan, place, due, ...args)) === 1
}
