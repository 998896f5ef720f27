import type { AssayEvent } from '../../../src/domain/event.ts'
import { packRecord } from '../../../src/features/record.ts'
import { createRandom, type Random } from '../../random.ts'

const DAY_MS = 86_400_000
/** Back to the beginning of the longest window and a little beyond. */
const SPAN_MS = 400 * DAY_MS

/** Where the events of one person happen; a busy one has the same device, address, phone and card all along. */
export const REFS = {
  applicant: 'Bench0applicant0000000',
  device: 'Bench0device0000000000',
  ip: 'Bench0ip00000000000000',
  phone: 'Bench0phone00000000000',
  card: 'Bench0card000000000000'
} as const

/** `count` events of one person over four hundred days, in order of time: loans and what comes of them, logins, applications. */
export function* busyHistory(count: number, nowMs: number, seed = 1): Generator<AssayEvent> {
  const random = createRandom(seed)
  const stepMs = SPAN_MS / count
  for (let index = 0; index < count; index++) {
    const occurredAtMs = Math.floor(nowMs - SPAN_MS + (index + random()) * stepMs)
    yield {
      eventId: `bench-${index}`,
      occurredAtMs,
      tenant: 'bench',
      refs: REFS,
      ...kindOf(index, occurredAtMs, random)
    }
  }
}

function kindOf(index: number, atMs: number, random: Random): Pick<AssayEvent, 'type' | 'data'> {
  const amountMinor = 1_000_000 + 10_000 * Math.floor(random() * 500)
  const loanId = `loan-${index >> 3}`
  switch (index % 8) {
    case 0:
      return {
        type: 'application.submitted',
        data: { applicationId: `application-${index}`, product: 'cash', amountMinor, termDays: 30 }
      }
    case 1:
      return { type: 'loan.disbursed', data: { loanId, principalMinor: amountMinor, termDays: 30 } }
    case 2:
    case 3: {
      const dueAtMs = Math.floor(atMs + (random() - 0.7) * 10 * DAY_MS)
      return { type: 'repayment.received', data: { loanId, instalmentNo: 1, dueAtMs, amountMinor } }
    }
    case 4:
      return { type: 'loan.closed', data: { loanId, disbursedAtMs: atMs - 30 * DAY_MS, dueAtMs: atMs } }
    case 5:
      return { type: 'profile.changed', data: { field: 'address' } }
    default:
      return { type: 'auth.login', data: {} }
  }
}

/** As they are stored. */
export function packRecords(events: Iterable<AssayEvent>): Buffer {
  return Buffer.concat(Array.from(events, packRecord))
}
