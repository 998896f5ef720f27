import type { Queue } from 'bullmq'
import { OutboxEntrySchema } from '../decisions/answer.ts'
import { compileCheck } from '../domain/check.ts'
import { type ReviewEvent, ReviewEventSchema } from '../domain/review-event.ts'
import type { GroupReader, StreamEntry } from '../redis/group-reader.ts'
import { type LoanMonitor, loanMonitorJobId } from './queues.ts'

export interface OutboxRelayDeps {
  readonly reader: GroupReader
  readonly queue: Pick<Queue<LoanMonitor>, 'addBulk'>
  /** Keeps in mind that an approval is watched, where the jobs Redis can lose nothing of it. */
  readonly note: (approvals: readonly LoanMonitor[]) => Promise<void>
  /** Does what is for the reviews. */
  readonly review: (event: ReviewEvent) => Promise<void>
  readonly onRelayed: (jobs: number) => void
  readonly onMalformed: (entry: StreamEntry) => void
}

const checkLoan = compileCheck(OutboxEntrySchema)
const checkReview = compileCheck(ReviewEventSchema)

type Effect =
  | { readonly kind: 'loan'; readonly payload: LoanMonitor }
  | { readonly kind: 'review'; readonly event: ReviewEvent }

/**
 * One round of the relay: approvals become jobs and referrals reviews, then they are acknowledged. A crash in between does
 * the same again, which changes nothing. An entry that is no outbox entry is reported and acknowledged: it must not block
 * what follows. A review that fails stays pending and is thrown at the end, when the others are done.
 */
export async function relayRound(
  { reader, queue, note, review, onRelayed, onMalformed }: OutboxRelayDeps,
  entries: readonly StreamEntry[]
) {
  if (entries.length === 0) return 0
  const effects = entries.map(readEffect)
  const jobs = effects.flatMap((effect, index) => {
    if (effect === undefined) onMalformed(entries[index] as StreamEntry)
    if (effect?.kind !== 'loan') return []
    const { payload } = effect
    return [{ name: 'monitor', data: payload, opts: { jobId: loanMonitorJobId(payload) } }]
  })
  if (jobs.length > 0) {
    await note(jobs.map(({ data }) => data))
    await queue.addBulk(jobs)
  }
  const reviewed = await Promise.allSettled(
    effects.map((effect) => (effect?.kind === 'review' ? review(effect.event) : undefined))
  )
  const done = entries.filter((_, index) => reviewed[index]?.status === 'fulfilled')
  if (done.length > 0) await reader.acknowledge(done)
  onRelayed(jobs.length)
  const failed = reviewed.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return entries.length
}

function readEffect({ fields }: StreamEntry): Effect | undefined {
  let payload: unknown
  try {
    payload = JSON.parse(fields.o ?? '')
  } catch {
    return undefined
  }
  const loan = checkLoan(payload)
  if (loan.ok) return { kind: 'loan', payload: loan.value }
  const event = checkReview(payload)
  return event.ok ? { kind: 'review', event: event.value } : undefined
}
