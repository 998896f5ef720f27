import { hostname, setPriority } from 'node:os'
import { loadConfig } from '../src/config.ts'
import { createRedisDecisionStore } from '../src/decisions/redis-decision-store.ts'
import { describeError } from '../src/errors.ts'
import { buildOps } from '../src/gateway/ops.ts'
import { createLog, faultFields } from '../src/log.ts'
import { createMetrics, type Metrics } from '../src/metrics.ts'
import { createLoanMonitorJob } from '../src/monitoring/loan-monitor-job.ts'
import { relayRound } from '../src/monitoring/outbox-relay.ts'
import {
  createQueue,
  createQueueWorker,
  type LoanMonitor,
  LoanMonitorSchema,
  type QueueName,
  type RepayRemind,
  RepayRemindSchema
} from '../src/monitoring/queues.ts'
import { createRepayRemindJob } from '../src/monitoring/repay-remind-job.ts'
import { createOutcomeMetrics } from '../src/outcomes/outcome-metrics.ts'
import { createRedisOutcomeStore } from '../src/outcomes/redis-outcome-store.ts'
import { createRedis, type RedisRole, whenReady } from '../src/redis/client.ts'
import { createGroupReader } from '../src/redis/group-reader.ts'
import { createKeys, PARTITIONS } from '../src/redis/keys.ts'
import { type Closer, endOnSignals } from '../src/shutdown.ts'
import { readVersion } from '../src/version.ts'
import { startWorkerLoop } from '../src/worker-loop.ts'

const DAY_MS = 86_400_000
const REDIS_BOOT_MS = 10_000
/** Of each of the 64 streams: a round is at most 64 jobs, so that Redis is never held for long. */
const BATCH = 1
const BLOCK_MS = 1000
const TAKE_OVER_AFTER_MS = 30_000
const HOUSEKEEPING_MS = 30_000
/** Nobody waits for a job to be queued within the second: let entries gather and yield to decisions. */
const REST_MS = 100
const FAULT_REST_MS = 1000
const LOW_PRIORITY = 19
const COMMAND_TIMEOUT_MS = 5000
const CONCURRENCY = 10

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

  const onError = (error: Error) => log.error(faultFields(error), 'queue error')
  const queueOptions = { connection, prefix: keys.jobs(), onError }
  const queues = {
    'loan-monitor': createQueue<LoanMonitor>('loan-monitor', queueOptions),
    'repay-remind': createQueue<RepayRemind>('repay-remind', queueOptions)
  }
  const common = (queue: QueueName) => ({
    ...queueOptions,
    concurrency: CONCURRENCY,
    onFinished: observe(metrics, queue)
  })
  const workers = [
    createQueueWorker('loan-monitor', {
      ...common('loan-monitor'),
      schema: LoanMonitorSchema,
      handle: createLoanMonitorJob({ store, reminders: queues['repay-remind'], nowMs: Date.now })
    }),
    createQueueWorker('repay-remind', {
      ...common('repay-remind'),
      schema: RepayRemindSchema,
      handle: createRepayRemindJob({ store, redis, keys })
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
  const relay = {
    reader,
    queue: queues['loan-monitor'],
    onRelayed: (jobs: number) => metrics.counter('credit_outbox_relayed_total').inc(jobs),
    onMalformed: () => log.error({ code: 'outbox_malformed' }, 'an outbox entry is not one')
  }
  await Promise.all([redis, blocking].map((each) => whenReady(each, REDIS_BOOT_MS))).catch(() => {
    log.warn({ redis: redis.status }, 'Redis is not there yet')
  })
  let housekeepingAtMs = 0
  const loop = startWorkerLoop({
    name: 'relay',
    restMs: (jobs) => Math.max(REST_MS, (jobs * 1000) / config.OUTBOX_JOBS_PER_SECOND),
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

  const refreshOutcomes = createOutcomeMetrics({
    metrics,
    store: createRedisOutcomeStore({ redis, keys, keepMs: config.DECISION_RETENTION_DAYS * DAY_MS }),
    monotonicMs: () => performance.now()
  })
  const notReady = (): string[] =>
    isEnding()
      ? ['shutting down']
      : [redis, connection].flatMap(({ status }) => (status === 'ready' ? [] : [`redis is ${status}`]))
  const ops = await buildOps({
    metrics,
    notReady,
    beforeScrape: async () => {
      metrics.gauge('credit_redis_up').set({ role: 'request' }, redis.status === 'ready' ? 1 : 0)
      metrics.gauge('credit_redis_up').set({ role: 'jobs' }, connection.status === 'ready' ? 1 : 0)
      if (notReady().length > 0) return
      metrics.gauge('credit_outbox_pending_entries').set(await reader.countPending())
      await refreshOutcomes()
      for (const [queue, { getJobCounts }] of Object.entries(queues)) {
        const counts = await getJobCounts.call(queues[queue as QueueName], 'waiting', 'active', 'delayed', 'failed')
        for (const [state, jobs] of Object.entries(counts))
          metrics.gauge('credit_queue_jobs').set({ queue, state }, jobs)
      }
    }
  })
  closers.push({ name: 'ops', close: () => ops.close() })
  const address = await ops.listen({ host: config.OPS_HOST, port: config.OPS_PORT })
  log.info({ address }, 'monitor ready')
}

function observe(metrics: Metrics, queue: QueueName) {
  const duration = metrics.histogram('credit_queue_job_duration_seconds').labels({ queue, job: queue })
  const finished = metrics.counter('credit_queue_jobs_finished_total')
  const lastSuccess = metrics.gauge('credit_job_last_success_timestamp_seconds').labels({ job: queue })
  return (outcome: string, seconds: number) => {
    duration.observe(seconds)
    finished.inc({ queue, job: queue, outcome })
    if (outcome !== 'failed') lastSuccess.setToCurrentTime()
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`monitor: ${describeError(error)}\n`)
  process.exit(1)
})
