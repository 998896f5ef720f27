import type { Queue } from 'bullmq'
import { onTestFinished } from 'vitest'
import { createQueue, createQueueWorker } from '../../src/monitoring/queues.ts'
import { createWebhookJob, webhookRelayRound } from '../../src/monitoring/webhook-jobs.ts'
import { createWebhookTurns } from '../../src/monitoring/webhook-turns.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createGroupReader } from '../../src/redis/group-reader.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createDeliver } from '../../src/webhooks/deliver.ts'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { WEBHOOK_TYPES, type WebhookEvent } from '../../src/webhooks/event.ts'
import { createDeliveries, type Delivery, DeliverySchema } from '../../src/webhooks/redis-deliveries.ts'
import { createEndpoints } from '../../src/webhooks/redis-endpoints.ts'
import { createSeal } from '../../src/webhooks/seal.ts'
import { createSender } from '../../src/webhooks/send.ts'
import { resolveByDns } from '../../src/webhooks/target.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

export const NOW_MS = Date.UTC(2026, 10, 25, 8)

/** The parts of the monitor around the webhooks, on real Redis and sockets, to be run a step at a time. */
export async function telling({ timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}) {
  const [redis, blocking, connection] = await Promise.all([
    connectRedis(),
    connectRedis({ role: 'blocking' }),
    connectRedis({ role: 'jobs' })
  ])
  await loadFunctions(redis)
  const keys = createKeys(uniquePrefix('telling'))
  const clock = { nowMs: NOW_MS }
  const endpoints = createEndpoints(redis, keys, createSeal(TEST_TOKEN_KEY))
  const deliveries = createDeliveries(redis, keys)
  const outcomes: string[] = []
  const deliver = createDeliver({
    deliveries,
    endpoints,
    send: createSender({ rule: 'any', resolve: resolveByDns, timeoutMs }),
    nowMs: () => clock.nowMs,
    onOutcome: (type, outcome) => void outcomes.push(`${type} ${outcome}`)
  })
  const queueOptions = { connection, prefix: keys.jobs(), onError: () => {} }
  const queue: Queue<Delivery> = createQueue<Delivery>('webhook', queueOptions)
  onTestFinished(() => queue.close())
  const reader = createGroupReader({
    blocking,
    redis,
    streams: [keys.webhookOutbox()],
    group: 'relay',
    consumer: 'one',
    count: 100,
    blockMs: 20,
    takeOverAfterMs: 0
  })
  const malformed: unknown[] = []
  const relay = { reader, queue, deliveries, endpoints, onMalformed: (entry: unknown) => void malformed.push(entry) }
  const jobs = () => queue.getJobs(['waiting', 'delayed', 'active', 'completed', 'failed', 'prioritized'])

  return {
    redis,
    keys,
    clock,
    endpoints,
    deliveries,
    deliver,
    outcomes,
    queue,
    reader,
    malformed,
    jobs,
    emit: createEmitWebhook(redis, keys),
    relay: async () => webhookRelayRound(relay, await reader.read()),
    relayEntries: (entries: Parameters<typeof webhookRelayRound>[1]) => webhookRelayRound(relay, entries),
    /** Deliveries that are queued, in the order of their ids. */
    queued: async () => (await jobs()).map(({ data }) => data),
    /** An endpoint of alpha for every type of event. */
    addEndpoint: async (url: string, types: readonly WebhookEvent['type'][] = WEBHOOK_TYPES) => {
      const added = await endpoints.add('alpha', { url, types }, clock.nowMs)
      if (added === 'too_many') throw new Error('too many endpoints')
      return added
    },
    /** Runs the jobs as the monitor does, with waits of this length. */
    startWorker: (backoffMs: (tries: number) => number) => {
      const finished: string[] = []
      const turns = createWebhookTurns(() => performance.now())
      const worker = createQueueWorker('webhook', {
        ...queueOptions,
        concurrency: 20,
        schema: DeliverySchema,
        handle: createWebhookJob(deliver, turns),
        postponeMs: ({ endpointId }) => turns.postponeMs(endpointId),
        onFinished: (outcome) => void finished.push(outcome),
        backoffMs
      })
      onTestFinished(() => worker.close())
      return { worker, finished }
    }
  }
}

let serial = 0

/** An event of alpha; every call is another one of the same loan unless told otherwise. */
export function webhookEvent(changes: Partial<WebhookEvent> = {}): WebhookEvent {
  serial++
  return {
    tenant: 'alpha',
    type: 'decision.updated',
    aggregateId: 'loan-1',
    dedupeKey: `loan-1:${serial}`,
    occurredAtMs: NOW_MS - 1000,
    data: { decision: 'APPROVE', round: serial },
    ...changes
  }
}
