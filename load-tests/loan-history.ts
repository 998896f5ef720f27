import type { EventInput } from '../src/domain/event.ts'
import { createRandom, pick } from './random.ts'
import { applicantId, RETURNING_PEOPLE } from './traffic.ts'

const DAY_MS = 86_400_000
const TERM_DAYS = [15, 30] as const
const MAX_LOANS = 2

/**
 * What became of the earlier loans of the people who come back, in the order in which it is told: one or two loans each
 * within the last months, repaid up to ten days early and now and then late. Without it all applicants would be
 * strangers with one and the same score, and neither profiles nor reasons would cost what they cost.
 */
export function* loanHistory(nowMs: number): Generator<EventInput> {
  for (let index = 0; index < RETURNING_PEOPLE; index++) {
    const random = createRandom(Math.imul(index + 1, 0x85ebca6b))
    const loans = 1 + Math.floor(random() * MAX_LOANS)
    for (let no = 1; no <= loans; no++) {
      const termDays = pick(random, TERM_DAYS)
      const principalMinor = 1_000_000 + 100_000 * Math.floor(random() * 30)
      const disbursedAtMs = nowMs - Math.floor((no * 60 + random() * 20) * DAY_MS)
      const dueAtMs = disbursedAtMs + termDays * DAY_MS
      // Cubed: most pay a few days early, few pay late.
      const lagDays = -10 + 25 * random() ** 3
      const loanId = `earlier-${index}-${no}`
      const common = { applicantId: applicantId(index) }
      yield {
        ...common,
        eventId: `${loanId}-out`,
        type: 'loan.disbursed',
        occurredAtMs: disbursedAtMs,
        data: { loanId, principalMinor, termDays }
      }
      yield {
        ...common,
        eventId: `${loanId}-in`,
        type: 'repayment.received',
        occurredAtMs: Math.floor(dueAtMs + lagDays * DAY_MS),
        data: { loanId, instalmentNo: 1, dueAtMs, amountMinor: principalMinor }
      }
    }
  }
}
