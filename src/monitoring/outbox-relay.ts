import type { Queue } from 'bullmq'
import { OutboxEntrySchema } from '../decisions/answer.ts'
import { compileCheck } from '../domain/check.ts'
import type { GroupReader, StreamEntry } from '../redis/group-reader.ts'
import { type LoanMonitor, loanMonitorJobId } from './queues.ts'

export interface OutboxRelayDeps {
  readonly reader: GroupReader
  readonly queue: Pick<Queue<LoanMonitor>, 'addBulk'>
  readonly onRelayed: (jobs: number) => void
  readonly onMalformed: (entry: StreamEntry) => void
}

const check = compileCheck(OutboxEntrySchema)

/**
 * One round of the relay: entries become jobs, then they are acknowledged. A crash in between adds the same ids again,
 * which BullMQ ignores. An entry that is no outbox entry is reported and acknowledged: it must not block what follows.
 */
export async function relayRound(
  { reader, queue, onRelayed, onMalformed }: OutboxRelayDeps,
  entries: readonly StreamEntry[]
) {
  if (entries.length === 0) return 0
  const jobs = entries.flatMap((entry) => {
    const payload = readPayload(entry)
    if (payload === undefined) onMalformed(entry)
    return payload === undefined ? [] : [{ name: 'monitor', data: payload, opts: { jobId: loanMonitorJobId(payload) } }]
  })
  if (jobs.length > 0) await queue.addBulk(jobs)
  await reader.acknowledge(entries)
  onRelayed(jobs.length)
  return entries.length
}

function readPayload({ fields }: StreamEntry): LoanMonitor | undefined {
  try {
    const checked = check(JSON.parse(fields.o ?? ''))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}
