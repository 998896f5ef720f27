import { hostname, setPriority } from 'node:os'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { describeError } from '../src/errors.ts'
import { createCompactor } from '../src/features/compactor.ts'
import { createEntityStore } from '../src/features/entity-store.ts'
import { ingestRound } from '../src/features/ingest.ts'
import { createSweeper } from '../src/features/sweeper.ts'
import { buildOps } from '../src/gateway/ops.ts'
import { createLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { createRedis, whenReady } from '../src/redis/client.ts'
import { loadFunctions } from '../src/redis/functions.ts'
import { createGroupReader } from '../src/redis/group-reader.ts'
import { createKeys, PARTITIONS } from '../src/redis/keys.ts'
import { type Closer, endOnSignals } from '../src/shutdown.ts'
import { readVersion } from '../src/version.ts'
import { startWorkerLoop } from '../src/worker-loop.ts'

const DAY_MS = 86_400_000
const REDIS_BOOT_MS = 10_000
const BATCH = 500
const BLOCK_MS = 1000
const TAKE_OVER_AFTER_MS = 30_000
const HOUSEKEEPING_MS = 30_000
/** Freshness never waits for this worker (tails are read with profiles), so it gathers entries and yields to decisions. */
const REST_MS = 50
const FAULT_REST_MS = 1000
const LOW_PRIORITY = 19
const COMMAND_TIMEOUT_MS = 5000

/** The ingest process: reads the log as a consumer group, folds due tails into profiles, trims what is no longer needed. */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = createLog('ingest', config.LOG_LEVEL)
  const metrics = createMetrics({ process: 'ingest', version: readVersion(), withDefaults: true })
  const closers: Closer[] = []
  const { isEnding } = endOnSignals({ closers, deadlineMs: config.SHUTDOWN_DEADLINE_MS, log })
  setPriority(LOW_PRIORITY)

  const client = (role: 'request' | 'blocking') =>
    createRedis({
      url: config.REDIS_URL,
      name: 'assay-ingest',
      role,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      onError: () => metrics.counter('credit_redis_errors_total').inc({ role })
    })
  const [redis, blocking] = [client('request'), client('blocking')]
  closers.push({ name: 'redis', close: () => redis.disconnect() })
  const keys = createKeys(config.REDIS_PREFIX)
  const reader = createGroupReader({
    blocking,
    redis,
    streams: Array.from({ length: PARTITIONS }, (_, partition) => keys.log(partition)),
    group: 'ingest',
    consumer: `${hostname()}-${process.pid}`,
    count: BATCH,
    blockMs: BLOCK_MS,
    takeOverAfterMs: TAKE_OVER_AFTER_MS
  })

  const compactions = metrics.counter('credit_profile_compactions_total')
  const deps = {
    reader,
    compactEntity: createCompactor(redis),
    onCompaction: (outcome: Parameters<Parameters<typeof ingestRound>[0]['onCompaction']>[0]) => {
      compactions.inc({ outcome })
      if (outcome === 'unreadable') log.error({ code: 'profile_unreadable' }, 'a profile or tail cannot be folded')
    },
    onAcknowledged: (entries: number) => metrics.counter('credit_log_entries_total').inc(entries)
  }
  await Promise.all([redis, blocking].map((each) => whenReady(each, REDIS_BOOT_MS)))
    // This version may be the first to come up in a rolling deploy.
    .then(() => loadFunctions(redis))
    .catch(() => log.warn({ redis: redis.status }, 'Redis is not there yet'))
  const expired = metrics.counter('credit_profiles_expired_total')
  const sweeper = createSweeper({
    store: createEntityStore(redis),
    keys,
    idleMs: config.PROFILE_IDLE_DAYS * DAY_MS,
    clock: systemClock,
    onExpired: (entities) => expired.inc(entities)
  })
  let housekeepingAtMs = 0
  const loop = startWorkerLoop({
    name: 'ingest',
    restMs: () => REST_MS,
    faultRestMs: FAULT_REST_MS,
    log,
    round: async () => {
      if (performance.now() >= housekeepingAtMs) {
        housekeepingAtMs = performance.now() + HOUSEKEEPING_MS
        await ingestRound(deps, await reader.takeOver())
        await reader.trim(Date.now() - config.LOG_RETENTION_DAYS * DAY_MS)
      }
      const handled = await ingestRound(deps, await reader.read())
      await sweeper.step()
      return handled
    }
  })
  closers.push({ name: 'loop', close: loop.stop }, { name: 'blocking redis', close: () => blocking.disconnect() })

  const notReady = (): string[] => {
    if (isEnding()) return ['shutting down']
    return redis.status === 'ready' ? [] : [`redis is ${redis.status}`]
  }
  const pending = metrics.gauge('credit_log_pending_entries')
  const up = metrics.gauge('credit_redis_up')
  const ops = await buildOps({
    metrics,
    notReady,
    beforeScrape: async () => {
      const ready = notReady().length === 0
      up.set({ role: 'request' }, ready ? 1 : 0)
      if (ready) pending.set(await reader.countPending())
    }
  })
  closers.push({ name: 'ops', close: () => ops.close() })
  const address = await ops.listen({ host: config.OPS_HOST, port: config.OPS_PORT })
  log.info({ address }, 'ingest ready')
}

main().catch((error: unknown) => {
  process.stderr.write(`ingest: ${describeError(error)}\n`)
  process.exit(1)
})
