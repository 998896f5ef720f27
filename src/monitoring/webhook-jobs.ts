import type { JobsOptions, Queue } from 'bullmq'
import { compileCheck } from '../domain/check.ts'
import type { GroupReader, StreamEntry } from '../redis/group-reader.ts'
import type { Deliver, DeliveryOutcome } from '../webhooks/deliver.ts'
import { type Deliveries, type Delivery, deliveryIdOf, WebhookOutboxSchema } from '../webhooks/redis-deliveries.ts'
import { type Endpoint, type Endpoints, isTold } from '../webhooks/redis-endpoints.ts'
import type { JobOutcome, JobTry } from './queues.ts'
import type { WebhookTurns } from './webhook-turns.ts'

/** The first wait, and the longest, which nine waits reach: ten tries over about a day and a half. */
const FIRST_BACKOFF_MS = 5000
const LONGEST_BACKOFF_MS = 86_400_000
export const WEBHOOK_TRIES = 10
const GROWTH = (LONGEST_BACKOFF_MS / FIRST_BACKOFF_MS) ** (1 / (WEBHOOK_TRIES - 2))
/** Up to a fifth shorter or longer, so that what failed together does not come back together. */
const JITTER = 0.2

/** The wait behind a number of tries, from 5 s to 24 h. `random` is of [0, 1). */
export function webhookBackoffMs(tries: number, random: () => number): number {
  const middle = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * GROWTH ** (tries - 1))
  return Math.round(middle * (1 - JITTER + 2 * JITTER * random()))
}

export interface WebhookRelayDeps {
  readonly reader: Pick<GroupReader, 'acknowledge'>
  readonly queue: Pick<Queue<Delivery>, 'addBulk'>
  readonly deliveries: Pick<Deliveries, 'readEvent'>
  readonly endpoints: Pick<Endpoints, 'ofTenant'>
  readonly onMalformed: (entry: StreamEntry) => void
}

const check = compileCheck(WebhookOutboxSchema)
const JOB: JobsOptions = { attempts: WEBHOOK_TRIES, backoff: { type: 'custom' } }

/**
 * One round of the webhook relay: each entry of the outbox becomes a job for every endpoint that is told of its event, or for
 * the one that is named; then it is acknowledged. A crash in between adds the same ids again, which BullMQ ignores. What
 * cannot be read of one partner stays pending and is thrown at the end: it does not keep the others from being told.
 */
export async function webhookRelayRound(deps: WebhookRelayDeps, entries: readonly StreamEntry[]): Promise<number> {
  if (entries.length === 0) return 0
  const { reader, queue, endpoints, onMalformed } = deps
  const known = new Map<string, Promise<Endpoint[]>>()
  const ofTenant = (tenant: string) => {
    const found = known.get(tenant) ?? endpoints.ofTenant(tenant)
    known.set(tenant, found)
    return found
  }
  const jobs = entries.map(async (entry) => {
    const read = readEntry(entry)
    if (read === undefined) {
      onMalformed(entry)
      return []
    }
    const { tenant, eventId, endpointId } = read
    const ids = endpointId === undefined ? await toldOf(deps, read, await ofTenant(tenant)) : [endpointId]
    return ids.map((id) => {
      const delivery = { tenant, eventId, endpointId: id }
      return { name: 'deliver', data: delivery, opts: { ...JOB, jobId: `${deliveryIdOf(delivery)}.${entry.id}` } }
    })
  })
  const settled = await Promise.allSettled(jobs)
  const all = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  if (all.length > 0) await queue.addBulk(all)
  const done = entries.filter((_, index) => settled[index]?.status === 'fulfilled')
  if (done.length > 0) await reader.acknowledge(done)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return entries.length
}

async function toldOf(
  { deliveries }: WebhookRelayDeps,
  { tenant, eventId }: { readonly tenant: string; readonly eventId: string },
  endpoints: readonly Endpoint[]
): Promise<string[]> {
  const type = (await deliveries.readEvent(tenant, eventId))?.event.type
  return type === undefined ? [] : endpoints.flatMap((endpoint) => (isTold(endpoint, type) ? [endpoint.id] : []))
}

function readEntry({ fields }: StreamEntry) {
  try {
    const checked = check(JSON.parse(fields.w ?? ''))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}

const JOB_OUTCOMES: { readonly [O in DeliveryOutcome]: JobOutcome } = {
  delivered: 'done',
  retry: 'retry',
  dead: 'obsolete',
  gone: 'obsolete',
  obsolete: 'obsolete'
}

/** One try of a delivery as a job. A delivery that is given up is a dead letter, not a failed job: there it can be sent again. */
export function createWebhookJob(deliver: Deliver, turns: Pick<WebhookTurns, 'run'>) {
  return async (delivery: Delivery, attempt: JobTry): Promise<JobOutcome> =>
    JOB_OUTCOMES[await turns.run(delivery.endpointId, () => deliver(delivery, attempt))]
}
