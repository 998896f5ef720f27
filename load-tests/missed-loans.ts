import type { Redis } from 'ioredis'
import { isoDate, localDay } from '../src/domain/calendar.ts'
import type { AssayEvent } from '../src/domain/event.ts'
import { type LoanCheckPayload, payloadOf } from '../src/monitoring/loan-job.ts'
import type { Keys } from '../src/redis/keys.ts'
import { addLoanEvents, loanNoteOf } from '../src/redis/loan-functions.ts'

const DAY_MS = 86_400_000
const TOGETHER = 100

/** Puts loans into the book whose only instalment was due three days ago, and says which check of each is due. `run` keeps the loans of one call apart. */
export async function makeMissedLoans(
  redis: Redis,
  keys: Keys,
  tenant: string,
  count: number,
  run: string
): Promise<LoanCheckPayload[]> {
  const nowMs = Date.now()
  const dueDate = isoDate(localDay(nowMs, 0) - 3)
  const payloads: LoanCheckPayload[] = []
  for (let start = 0; start < count; start += TOGETHER) {
    const numbers = Array.from({ length: Math.min(TOGETHER, count - start) }, (_, index) => start + index)
    const refs = numbers.map((number) => ({
      tenant,
      applicantToken: `load-${run}-${number}`,
      loanId: `load-${run}-${number}`
    }))
    const events = refs.map(({ applicantToken, loanId }): AssayEvent => {
      const schedule = [{ dueDate, principalMinor: 10_000, interestMinor: 500 }]
      return {
        eventId: `paid-out-${loanId}`,
        type: 'loan.disbursed',
        occurredAtMs: nowMs - 33 * DAY_MS,
        tenant,
        refs: { applicant: applicantToken },
        data: { loanId, principalMinor: 10_000, termDays: 30, schedule, utcOffsetMinutes: 0 }
      }
    })
    await addLoanEvents(
      redis,
      events.map((event) => loanNoteOf(keys, event)).filter((note) => note !== undefined)
    )
    const check = { kind: 'missed', dueDate, atMs: nowMs, untilMs: Number.MAX_SAFE_INTEGER }
    payloads.push(...refs.map((ref) => payloadOf('due-check', ref, check)))
  }
  return payloads
}
