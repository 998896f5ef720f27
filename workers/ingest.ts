import { hostname, setPriority } from 'node:os'
import { createPartnerKeys } from '../src/access/partner-keys.ts'
import { createTenantDirectory } from '../src/access/tenants.ts'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { countSetAside } from '../src/decision-metrics.ts'
import { withOfferedSchedules } from '../src/decisions/offered-schedules.ts'
import { createRedisDecisionStore } from '../src/decisions/redis-decision-store.ts'
import { createEdge } from '../src/edge/edge.ts'
import { createTokenise } from '../src/edge/tokens.ts'
import { describeError } from '../src/errors.ts'
import { createBehaviourStore } from '../src/features/behaviour-store.ts'
import { createCompactor } from '../src/features/compactor.ts'
import { createEntityStore } from '../src/features/entity-store.ts'
import { DUE_GROUP, ingestRound } from '../src/features/ingest.ts'
import { createSweeper } from '../src/features/sweeper.ts'
import { buildOps } from '../src/gateway/ops.ts'
import { createDeadLetters } from '../src/inbox/dead-letters.ts'
import { createInbox, INBOX_BATCH, type InboxOptions } from '../src/inbox/inbox.ts'
import { createLog, faultFields } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { createRedis, whenReady } from '../src/redis/client.ts'
import { loadFunctions } from '../src/redis/functions.ts'
import { createGroupReader, trimStreams } from '../src/redis/group-reader.ts'
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
/** The inbox is fresh only once it was read: no rest while there is more. */
const INBOX_REST_MS = 5
/** While one waits for Redis another checks what it took (npm run bench:features). */
const INBOX_READERS = 8
const RETRY_AFTER_MS = 5000
const LOW_PRIORITY = 19
const COMMAND_TIMEOUT_MS = 5000

/** The ingest process: takes events from the inbox into the log, folds the entities that are due, trims what is no longer needed. */
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
  const inboxBlocking = Array.from({ length: INBOX_READERS }, () => client('blocking'))
  closers.push({ name: 'redis', close: () => redis.disconnect() })
  const keys = createKeys(config.REDIS_PREFIX)
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  const logs = partitions.map(keys.log)
  const consumer = `${hostname()}-${process.pid}`
  const reader = createGroupReader({
    blocking,
    redis,
    streams: partitions.map(keys.due),
    group: DUE_GROUP,
    consumer,
    count: BATCH,
    blockMs: BLOCK_MS,
    takeOverAfterMs: TAKE_OVER_AFTER_MS
  })

  const compactions = metrics.counter('credit_profile_compactions_total')
  const deps = {
    reader,
    compactEntity: createCompactor(redis, {
      adoptForeign: config.ADOPT_FOREIGN_PROFILES,
      onSetAside: countSetAside(metrics)
    }),
    onCompaction: (outcome: Parameters<Parameters<typeof ingestRound>[0]['onCompaction']>[0]) => {
      compactions.inc({ outcome })
      if (outcome === 'unreadable') log.error({ code: 'profile_unreadable' }, 'a profile or tail cannot be folded')
      if (outcome === 'foreign') log.warn({ code: 'profile_foreign' }, 'a profile has tiles of another catalogue')
    },
    onAcknowledged: (entries: number) => metrics.counter('credit_log_entries_total').inc(entries)
  }
  let functionsLoaded = false
  // This version may be the first to come up in a rolling deploy, and an emptied Redis has none.
  const load = async (): Promise<void> => {
    try {
      await loadFunctions(redis)
      functionsLoaded = true
    } catch (error) {
      log.error(faultFields(error), 'functions not loaded')
    }
  }
  await Promise.all([redis, blocking, ...inboxBlocking].map((each) => whenReady(each, REDIS_BOOT_MS))).then(load, () =>
    log.warn({ redis: redis.status }, 'Redis is not there yet')
  )
  redis.on('close', () => {
    functionsLoaded = false
  })
  redis.on('ready', () => void load())
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
      // Some connection may have come up too late above, or Redis may have refused them.
      if (!functionsLoaded && redis.status === 'ready') await load()
      if (performance.now() >= housekeepingAtMs) {
        housekeepingAtMs = performance.now() + HOUSEKEEPING_MS
        await ingestRound(deps, await reader.takeOver())
        await reader.trim(Date.now())
        await trimStreams(redis, logs, Date.now() - config.LOG_RETENTION_DAYS * DAY_MS)
      }
      const handled = await ingestRound(deps, await reader.read())
      await sweeper.step()
      return handled
    }
  })
  closers.push({ name: 'loop', close: loop.stop }, { name: 'blocking redis', close: () => blocking.disconnect() })

  const tokenise = createTokenise(config.TOKEN_KEY)
  const limits = { compactFromBytes: config.COMPACT_FROM_BYTES, maxEntityBytes: config.MAX_ENTITY_BYTES }
  const behaviour = withOfferedSchedules(
    createBehaviourStore({
      redis,
      keys,
      ...limits,
      nowMs: Date.now,
      onSetAside: countSetAside(metrics)
    }),
    createRedisDecisionStore({
      redis,
      keys,
      ...limits,
      leaseMs: config.DECISION_DEADLINE_MS,
      retentionMs: config.DECISION_RETENTION_DAYS * DAY_MS
    })
  )
  const inboxOptions: Omit<InboxOptions, 'blocking' | 'consumer'> = {
    redis,
    keys,
    blockMs: BLOCK_MS,
    retryAfterMs: RETRY_AFTER_MS,
    edge: createEdge(tokenise),
    tokenise,
    append: behaviour.append,
    appendAll: behaviour.appendAll,
    tenants: createTenantDirectory(createPartnerKeys(redis, keys), 'events', systemClock),
    clock: systemClock,
    onOutcome: (outcome, entries) => {
      if (entries > 0) metrics.counter('credit_inbox_events_total').inc({ outcome }, entries)
      if (entries > 0 && outcome === 'deadletter') log.warn({ count: entries }, 'entries became dead letters')
    },
    onLetter: (reason, evicted) => {
      metrics.counter('credit_deadletter_total').inc({ reason })
      if (evicted === 0) return
      metrics.counter('credit_deadletter_evicted_total').inc(evicted)
      log.error({ code: 'deadletters_full', count: evicted }, 'the oldest dead letters went')
    }
  }
  const inboxes = inboxBlocking.map((connection, reader) => ({
    connection,
    inbox: createInbox({ ...inboxOptions, blocking: connection, consumer: `${consumer}-${reader}` })
  }))
  for (const { connection, inbox } of inboxes) {
    const { stop } = startWorkerLoop({
      name: 'inbox',
      restMs: (done) => (done >= INBOX_BATCH ? 0 : INBOX_REST_MS),
      faultRestMs: FAULT_REST_MS,
      log,
      round: inbox.round
    })
    const close = async (): Promise<void> => {
      const stopped = stop()
      connection.disconnect()
      await stopped
    }
    closers.push({ name: 'inbox loop', close })
  }

  const notReady = (): string[] => {
    if (isEnding()) return ['shutting down']
    return redis.status === 'ready' ? [] : [`redis is ${redis.status}`]
  }
  const letters = createDeadLetters(redis, keys)
  const pending = metrics.gauge('credit_log_pending_entries')
  const inboxPending = metrics.gauge('credit_inbox_pending_entries')
  const deadLetters = metrics.gauge('credit_deadletter_entries')
  const up = metrics.gauge('credit_redis_up')
  const ops = await buildOps({
    metrics,
    notReady,
    beforeScrape: async () => {
      const ready = notReady().length === 0
      up.set({ role: 'request' }, ready ? 1 : 0)
      if (!ready) return
      pending.set(await reader.countPending())
      inboxPending.set((await inboxes[0]?.inbox.countPending()) ?? 0)
      deadLetters.set(await letters.count())
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
