import { hostname, setPriority } from 'node:os'
import type { Queue } from 'bullmq'
import { createPartnerKeys } from '../src/access/partner-keys.ts'
import { loadConfig } from '../src/config.ts'
import { createRedisDecisionStore } from '../src/decisions/redis-decision-store.ts'
import { describeError } from '../src/errors.ts'
import { buildOps } from '../src/gateway/ops.ts'
import { createLog, createRareFaults, faultFields } from '../src/log.ts'
import { createMetrics, type Metrics } from '../src/metrics.ts'
import { JOB_NAMES } from '../src/monitoring/jobs.ts'
import type { LoanCheckPayload } from '../src/monitoring/loan-job.ts'
import { createLoanMonitorJob } from '../src/monitoring/loan-monitor-job.ts'
import {
  createOfferExpiringJob,
  createOfferWatch,
  type OfferExpiring,
  OfferExpiringSchema
} from '../src/monitoring/offer-expiring-job.ts'
import { createOfferIndex } from '../src/monitoring/offer-index.ts'
import { createIsOfferOpen } from '../src/monitoring/open-offers.ts'
import { relayRound } from '../src/monitoring/outbox-relay.ts'
import {
  createQueue,
  createQueueWorker,
  type LoanMonitor,
  LoanMonitorSchema,
  QUEUE_NAMES,
  type QueueName
} from '../src/monitoring/queues.ts'
import type { ScheduledPayload } from '../src/monitoring/scheduled-job.ts'
import { createWebhookJob, webhookBackoffMs, webhookRelayRound } from '../src/monitoring/webhook-jobs.ts'
import { createWebhookTurns } from '../src/monitoring/webhook-turns.ts'
import { createOutcomeMetrics } from '../src/outcomes/outcome-metrics.ts'
import { createRedisOutcomeStore } from '../src/outcomes/redis-outcome-store.ts'
import { createPortfolioGauges } from '../src/portfolio-metrics.ts'
import { createRedis, type RedisRole, whenReady } from '../src/redis/client.ts'
import { createGroupReader } from '../src/redis/group-reader.ts'
import { createKeys, PARTITIONS } from '../src/redis/keys.ts'
import { createReviewGauges } from '../src/review-metrics.ts'
import { createRedisReviewStore } from '../src/reviews/redis-review-store.ts'
import { createReviewRelay } from '../src/reviews/review-relay.ts'
import { type Closer, endOnSignals } from '../src/shutdown.ts'
import { readVersion } from '../src/version.ts'
import { createDeliver } from '../src/webhooks/deliver.ts'
import { createEmitWebhook } from '../src/webhooks/emit.ts'
import { createDeliveries, type Delivery, DeliverySchema } from '../src/webhooks/redis-deliveries.ts'
import { createEndpoints } from '../src/webhooks/redis-endpoints.ts'
import { createSeal } from '../src/webhooks/seal.ts'
import { createSender } from '../src/webhooks/send.ts'
import { resolveByDns } from '../src/webhooks/target.ts'
import { startWorkerLoop } from '../src/worker-loop.ts'
import { createLoanWatch } from './monitor-loans.ts'

const DAY_MS = 86_400_000
const REDIS_BOOT_MS = 10_000
/** Of each of the 64 streams: a round is at most 64 jobs, so that Redis is never held for long. */
const BATCH = 1
const BLOCK_MS = 1000
const TAKE_OVER_AFTER_MS = 30_000
const HOUSEKEEPING_MS = 30_000
const FAULT_REST_MS = 1000
/** Seven queues and as many workers say that their Redis is away, several times a second. */
const SAME_FAULT_MS = 30_000
const LOW_PRIORITY = 19
const COMMAND_TIMEOUT_MS = 5000
const CONCURRENCY = 10
const WEBHOOK_BATCH = 100
const WEBHOOK_TIMEOUT_MS = 10_000
/** Deliveries wait for other people’s servers, not for us. */
const WEBHOOK_CONCURRENCY = 50
const QUEUES_PATH = '/queues'

/** The monitor process: relays the outbox to BullMQ and runs the jobs. */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = createLog('monitor', config.LOG_LEVEL)
  const metrics = createMetrics({ process: 'monitor', version: readVersion(), withDefaults: true })
  const closers: Closer[] = []
  const { isEnding } = endOnSignals({ closers, deadlineMs: config.SHUTDOWN_DEADLINE_MS, log })
  setPriority(LOW_PRIORITY)

  const client = (role: RedisRole, url = config.REDIS_URL) => {
    const onError = () => metrics.counter('credit_redis_errors_total').inc({ role })
    const redis = createRedis({ url, name: 'assay-monitor', role, commandTimeoutMs: COMMAND_TIMEOUT_MS, onError })
    closers.push({ name: `${role} redis`, close: () => redis.disconnect() })
    return redis
  }
  const redis = client('request')
  const blocking = client('blocking')
  const connection = client('jobs', config.REDIS_JOBS_URL || config.REDIS_URL)
  const keys = createKeys(config.REDIS_PREFIX)
  const store = createRedisDecisionStore({
    redis,
    keys,
    leaseMs: config.DECISION_DEADLINE_MS,
    retentionMs: config.DECISION_RETENTION_DAYS * DAY_MS,
    compactFromBytes: config.COMPACT_FROM_BYTES,
    maxEntityBytes: config.MAX_ENTITY_BYTES
  })

  const onError = createRareFaults(log, 'queue error', SAME_FAULT_MS, () => performance.now())
  const queueOptions = { connection, prefix: keys.jobs(), onError }
  const queues: Readonly<Record<QueueName, Queue>> = {
    'loan-monitor': createQueue<LoanMonitor>('loan-monitor', queueOptions),
    'repay-remind': createQueue<LoanCheckPayload>('repay-remind', queueOptions),
    'loan-check': createQueue<LoanCheckPayload>('loan-check', queueOptions),
    'offer-expiring': createQueue<OfferExpiring>('offer-expiring', queueOptions),
    portfolio: createQueue<ScheduledPayload>('portfolio', queueOptions),
    upkeep: createQueue<ScheduledPayload>('upkeep', queueOptions),
    webhook: createQueue<Delivery>('webhook', queueOptions)
  }
  const endpoints = createEndpoints(redis, keys, createSeal(config.TOKEN_KEY))
  const deliveries = createDeliveries(redis, keys)
  const deliver = createDeliver({
    deliveries,
    endpoints,
    send: createSender({
      rule: config.WEBHOOK_ALLOW_PRIVATE ? 'any' : 'public',
      resolve: resolveByDns,
      timeoutMs: WEBHOOK_TIMEOUT_MS
    }),
    nowMs: Date.now,
    onOutcome: (event, outcome) => metrics.counter('credit_webhook_deliveries_total').inc({ event, outcome })
  })
  const common = (queue: QueueName) => ({
    ...queueOptions,
    concurrency: CONCURRENCY,
    onFinished: observe(metrics, queue)
  })
  const outcomes = createRedisOutcomeStore({ redis, keys, keepMs: config.DECISION_RETENTION_DAYS * DAY_MS })
  const emit = createEmitWebhook(redis, keys)
  const offers = createOfferIndex(redis, keys, Date.now)
  const loanWatch = createLoanWatch({
    offers,
    endpointsOf: endpoints.ofTenant,
    redis,
    keys,
    config,
    log,
    metrics,
    decisions: store,
    outcomes,
    queueOf: (name) => queues[name],
    common
  })
  const turns = createWebhookTurns(() => performance.now())
  const workers = [
    createQueueWorker('loan-monitor', {
      ...common('loan-monitor'),
      schema: LoanMonitorSchema,
      handle: createLoanMonitorJob({
        store,
        watchOffers: createOfferWatch({
          queue: queues['offer-expiring'],
          endpointsOf: endpoints.ofTenant,
          settle: offers.settle,
          nowMs: Date.now
        })
      })
    }),
    ...loanWatch.workers,
    createQueueWorker('offer-expiring', {
      ...common('offer-expiring'),
      schema: OfferExpiringSchema,
      handle: createOfferExpiringJob({
        store,
        emit,
        isOpen: createIsOfferOpen(redis, keys),
        settle: offers.settle,
        nowMs: Date.now
      })
    }),
    createQueueWorker('webhook', {
      ...common('webhook'),
      concurrency: WEBHOOK_CONCURRENCY,
      schema: DeliverySchema,
      handle: createWebhookJob(deliver, turns),
      postponeMs: ({ endpointId }) => turns.postponeMs(endpointId),
      backoffMs: (tries) => webhookBackoffMs(tries, Math.random)
    })
  ]
  for (const queue of Object.values(queues)) closers.push({ name: `queue ${queue.name}`, close: () => queue.close() })
  for (const worker of workers) closers.push({ name: `worker ${worker.name}`, close: () => worker.close() })

  const reader = createGroupReader({
    blocking,
    redis,
    streams: Array.from({ length: PARTITIONS }, (_, partition) => keys.outbox(partition)),
    group: 'relay',
    consumer: `${hostname()}-${process.pid}`,
    count: BATCH,
    blockMs: BLOCK_MS,
    takeOverAfterMs: TAKE_OVER_AFTER_MS
  })
  const reviews = createRedisReviewStore({ redis, keys, retentionMs: config.DECISION_RETENTION_DAYS * DAY_MS })
  const relay = {
    reader,
    note: offers.note,
    review: createReviewRelay({ reviews, emit: createEmitWebhook(redis, keys) }),
    queue: queues['loan-monitor'],
    onRelayed: (jobs: number) => metrics.counter('credit_outbox_relayed_total').inc(jobs),
    onMalformed: () => log.error({ code: 'outbox_malformed' }, 'an outbox entry is not one')
  }
  const webhookBlocking = client('blocking')
  const webhookReader = createGroupReader({
    blocking: webhookBlocking,
    redis,
    streams: [keys.webhookOutbox()],
    group: 'relay',
    consumer: `${hostname()}-${process.pid}`,
    count: WEBHOOK_BATCH,
    blockMs: BLOCK_MS,
    takeOverAfterMs: TAKE_OVER_AFTER_MS
  })
  const webhookRelay = {
    reader: webhookReader,
    queue: queues.webhook,
    deliveries,
    endpoints,
    onMalformed: () => log.error({ code: 'outbox_malformed' }, 'an entry of the webhook outbox is not one')
  }
  await Promise.all([redis, blocking, webhookBlocking].map((each) => whenReady(each, REDIS_BOOT_MS))).catch(() => {
    log.warn({ redis: redis.status }, 'Redis is not there yet')
  })
  let housekeepingAtMs = 0
  const loop = startWorkerLoop({
    name: 'relay',
    restMs: (jobs) => Math.max(config.OUTBOX_REST_MS, (jobs * 1000) / config.OUTBOX_JOBS_PER_SECOND),
    faultRestMs: FAULT_REST_MS,
    log,
    round: async () => {
      if (performance.now() >= housekeepingAtMs) {
        housekeepingAtMs = performance.now() + HOUSEKEEPING_MS
        await relayRound(relay, await reader.takeOver())
        await reader.trim(Date.now())
      }
      return relayRound(relay, await reader.read())
    }
  })
  closers.push({ name: 'relay', close: loop.stop }, { name: 'blocking reads', close: () => blocking.disconnect() })
  let webhookHousekeepingAtMs = 0
  const webhookLoop = startWorkerLoop({
    name: 'webhook relay',
    restMs: () => config.OUTBOX_REST_MS,
    faultRestMs: FAULT_REST_MS,
    log,
    round: async () => {
      if (performance.now() >= webhookHousekeepingAtMs) {
        webhookHousekeepingAtMs = performance.now() + HOUSEKEEPING_MS
        await webhookRelayRound(webhookRelay, await webhookReader.takeOver())
        await webhookReader.trim(Date.now())
      }
      return webhookRelayRound(webhookRelay, await webhookReader.read())
    }
  })
  closers.push(
    { name: 'webhook relay', close: webhookLoop.stop },
    { name: 'blocking reads of webhooks', close: () => webhookBlocking.disconnect() }
  )

  closers.push(
    { name: 'scoring thread', close: loanWatch.close },
    { name: 'loan schedule', close: loanWatch.startLoop().stop }
  )

  const refreshOutcomes = createOutcomeMetrics({
    metrics,
    store: outcomes,
    monotonicMs: () => performance.now()
  })
  const refreshReviews = createReviewGauges({
    metrics,
    reviews,
    partnerKeys: createPartnerKeys(redis, keys),
    nowMs: Date.now,
    monotonicMs: () => performance.now()
  })
  const refreshPortfolio = createPortfolioGauges({
    metrics,
    readBook: loanWatch.readBook,
    utcOffsetMinutes: config.LOAN_UTC_OFFSET_MINUTES,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    onError: (error) => log.warn(faultFields(error), 'the loan book could not be read for its metrics')
  })
  const notReady = (): string[] =>
    isEnding()
      ? ['shutting down']
      : [redis, connection].flatMap(({ status }) => (status === 'ready' ? [] : [`redis is ${status}`]))
  const ops = await buildOps({
    metrics,
    notReady,
    admin: await queuePages(config.OPS_ADMIN_KEY, Object.values(queues)),
    beforeScrape: async () => {
      metrics.gauge('credit_redis_up').set({ role: 'request' }, redis.status === 'ready' ? 1 : 0)
      metrics.gauge('credit_redis_up').set({ role: 'jobs' }, connection.status === 'ready' ? 1 : 0)
      if (notReady().length > 0) return
      metrics.gauge('credit_outbox_pending_entries').set(await reader.countPending())
      metrics.gauge('credit_webhook_outbox_pending_entries').set(await webhookReader.countPending())
      metrics.gauge('credit_webhook_dead_letters').set(await deliveries.countDead())
      await refreshOutcomes()
      await refreshReviews()
      refreshPortfolio()
      await loanWatch.beforeScrape()
      for (const queue of QUEUE_NAMES) {
        const counts = await queues[queue].getJobCounts('waiting', 'active', 'delayed', 'failed')
        for (const [state, jobs] of Object.entries(counts))
          metrics.gauge('credit_queue_jobs').set({ queue, state }, jobs)
      }
    }
  })
  closers.push({ name: 'ops', close: () => ops.close() })
  const address = await ops.listen({ host: config.OPS_HOST, port: config.OPS_PORT })
  log.info({ address }, 'monitor ready')
}

/** Loaded only where somebody may look: the page costs memory. */
async function queuePages(adminKey: string, queues: readonly Queue[]) {
  if (adminKey === '') return undefined
  const { createQueuePage } = await import('../src/monitoring/queue-page.ts')
  return { basePath: QUEUES_PATH, adminKey, plugin: createQueuePage(queues, QUEUES_PATH) }
}

function observe(metrics: Metrics, queue: QueueName) {
  const duration = metrics.histogram('credit_queue_job_duration_seconds')
  const finished = metrics.counter('credit_queue_jobs_finished_total')
  const lastSuccess = metrics.gauge('credit_job_last_success_timestamp_seconds')
  return (outcome: string, seconds: number, name: string) => {
    const job = JOB_NAMES.has(name) ? name : queue
    duration.observe({ queue, job }, seconds)
    finished.inc({ queue, job, outcome })
    if (outcome !== 'failed' && outcome !== 'retry' && outcome !== 'fenced') lastSuccess.setToCurrentTime({ job })
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`monitor: ${describeError(error)}\n`)
  process.exit(1)
})
