import { randomUUIDv7 } from 'node:crypto'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createPartnerKeys } from './access/partner-keys.ts'
import { systemClock } from './clock.ts'
import { loadConfig } from './config.ts'
import { countSetAside, observeDecisions } from './decision-metrics.ts'
import { createDecideService } from './decisions/decide.ts'
import { withOfferedSchedules } from './decisions/offered-schedules.ts'
import { createRedisDecisionStore } from './decisions/redis-decision-store.ts'
import { createReplayLookup } from './decisions/redis-replays.ts'
import { createStageTimes } from './decisions/stage-times.ts'
import type { Application } from './domain/application.ts'
import { createDriftMetrics } from './drift/drift-metrics.ts'
import { createEdge } from './edge/edge.ts'
import { createTokenise } from './edge/tokens.ts'
import { describeError } from './errors.ts'
import { createExplainService } from './explanation/explain.ts'
import { createModelLibrary } from './explanation/model-library.ts'
import { createFeatureCounts } from './feature-metrics.ts'
import { createBehaviourStore } from './features/behaviour-store.ts'
import { CATALOGUE } from './features/catalogue.ts'
import { DUE_GROUP } from './features/ingest.ts'
import { createQuality } from './features/quality.ts'
import { createFeatureSet } from './features/vector.ts'
import { buildApp } from './gateway/app.ts'
import { buildOps } from './gateway/ops.ts'
import { openGatewayGuard } from './guard/redis-gateway-guard.ts'
import { openLaterRounds } from './later-rounds.ts'
import { createRedisLoanStore } from './loans/redis-loan-store.ts'
import { createLog, faultFields } from './log.ts'
import { createMetrics } from './metrics.ts'
import { loadLenders } from './notices/lenders.ts'
import { createRecordOutcomes } from './outcomes/record-outcomes.ts'
import { createRedisOutcomeStore } from './outcomes/redis-outcome-store.ts'
import { observePolicies } from './policy-metrics.ts'
import { createBacklog } from './redis/backlog.ts'
import { createRedis, whenReady } from './redis/client.ts'
import { loadFunctions } from './redis/functions.ts'
import { createKeys, PARTITIONS, partitionOfText } from './redis/keys.ts'
import { watchPulse } from './redis/pulse.ts'
import { openLineup } from './serving/lineup.ts'
import { loadActiveSet } from './serving/models.ts'
import { openPolicies } from './serving/policies-in-force.ts'
import { createPolicyShadowEntry } from './serving/policy-swap-set.ts'
import { createShadowLog } from './serving/redis-shadow-log.ts'
import { createRulesInForce } from './serving/rules-in-force.ts'
import { createShadowEntry } from './serving/swap-set.ts'
import { watchLineup } from './serving/watch.ts'
import { observeServing } from './serving-metrics.ts'
import { type Closer, endOnSignals } from './shutdown.ts'
import { readVersion } from './version.ts'
import { createDeliveries } from './webhooks/redis-deliveries.ts'

const DAY_MS = 86_400_000
const REDIS_BOOT_MS = 10_000
/** Two Redis timeouts fit the default deadline; the commit gets what is left of it. */
const COMMIT_RESERVE_SHARE = 0.4
const LEASE_BEYOND_DEADLINE_MS = 2000
const MODELS = new URL('../models/', import.meta.url)
const POLICIES = new URL('../policies/', import.meta.url)

/** The gateway process: everything is proven before it listens, and closed in the reverse order. */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const version = readVersion()
  const log = createLog('gateway', config.LOG_LEVEL)
  const metrics = createMetrics({ process: 'gateway', version, withDefaults: true })
  const closers: Closer[] = []
  const { isEnding } = endOnSignals({ closers, deadlineMs: config.SHUTDOWN_DEADLINE_MS, log })

  const featureSet = createFeatureSet(CATALOGUE)
  const folderOf = (path: string, own: URL) => (path === '' ? own : pathToFileURL(`${resolve(path)}/`))
  const modelsFolder = folderOf(config.MODELS_DIR, MODELS)
  const policiesFolder = folderOf(config.POLICIES_DIR, POLICIES)
  const observePolicy = observePolicies(metrics)
  const onPolicyFault = (error: unknown) => {
    observePolicy.onFault()
    log.error(faultFields(error), 'policy not changed: the last good one keeps deciding')
  }
  const policies = await openPolicies({
    folder: policiesFolder,
    featureNames: featureSet.names,
    readRules: createRulesInForce(policiesFolder),
    onSwap: (next) => {
      observePolicy.onSwap(next)
      log.info({ policy: next.active.id, shadow: next.shadow?.loaded.id }, 'policy decides')
    },
    onFault: onPolicyFault,
    nowMs: systemClock.monotonicMs
  })
  const drift = createDriftMetrics(metrics, systemClock)
  const featureCounts = createFeatureCounts(metrics, featureSet.definitions)
  const serving = observeServing(metrics, drift)
  const connect = (name: string) => {
    const connection = createRedis({
      url: config.REDIS_URL,
      name,
      role: 'request',
      commandTimeoutMs: config.REDIS_TIMEOUT_MS,
      onError: () => metrics.counter('credit_redis_errors_total').inc({ role: 'request' })
    })
    closers.push({ name, close: () => connection.disconnect() })
    return connection
  }
  const redis = connect('assay-gateway')
  // A post of 500 events must not stand in front of a decision.
  const eventsRedis = connect('assay-gateway-events')
  const pulse = watchPulse(redis)
  closers.push({ name: 'pulse', close: pulse.stop })
  const keys = createKeys(config.REDIS_PREFIX)
  // A restarted Redis has its functions from its append-only file; an empty one gets them here.
  let functionsLoaded = false
  const load = async () => {
    try {
      await loadFunctions(redis)
      functionsLoaded = true
    } catch (error) {
      log.error(faultFields(error), 'functions not loaded')
    }
  }
  await whenReady(redis, REDIS_BOOT_MS).then(load, () => log.warn({ redis: redis.status }, 'Redis is not there yet'))
  redis.on('close', () => {
    functionsLoaded = false
  })
  redis.on('ready', () => void load())
  pulse.onBeat(() => {
    if (!functionsLoaded) void load()
  })

  const shadowLog = createShadowLog({
    redis: eventsRedis,
    key: keys.shadow(),
    onLost: (entries) => metrics.counter('credit_shadow_dropped_total').inc({ reason: 'unwritten' }, entries)
  })
  const shadowEntry = createShadowEntry(featureSet.names)
  closers.push({ name: 'shadow log', close: shadowLog.close })
  const policyShadowLog = createShadowLog({
    redis: eventsRedis,
    key: keys.policyShadow(),
    onLost: observePolicy.onLost
  })
  const policyShadowEntry = createPolicyShadowEntry(featureSet.names)
  closers.push({ name: 'policy shadow log', close: policyShadowLog.close })
  const onBesideFault = (error: unknown) => {
    serving.onSwapFault()
    log.error(faultFields(error), 'a challenger or shadow is left out')
  }
  const lineup = await watchLineup({
    modelsFolder,
    open: async () =>
      openLineup(await loadActiveSet(modelsFolder, onBesideFault), {
        onBesideFault,
        policyShadow: {
          onFault: onPolicyFault,
          onDrop: observePolicy.onDrop,
          onResult: (result) => {
            observePolicy.onResult(result)
            policyShadowLog.add(policyShadowEntry(result))
          }
        },
        featureSet,
        loaded: policies.active(),
        quality: createQuality(CATALOGUE),
        pool: {
          threads: config.SCORE_THREADS,
          maxBatchRows: config.SCORE_BATCH_ROWS,
          maxQueuedRows: config.SCORE_QUEUE_ROWS,
          onBatch: serving.onBatch,
          onFault: serving.onFault
        },
        monotonicMs: systemClock.monotonicMs,
        onResult: (result) => {
          serving.onResult(result)
          shadowLog.add(shadowEntry(result))
        },
        onDrop: serving.onDrop
      }),
    graceMs: config.DECISION_DEADLINE_MS * 2,
    nowMs: systemClock.monotonicMs,
    onSwap: (opened) => {
      const use = policies.prepareModels(opened)
      serving.onSwap(opened)
      use()
      const { champion, challenger, shadow, fraud } = opened.models
      const beside = { challenger: challenger?.model.id, shadow: shadow?.model.id, fraud: fraud?.id }
      log.info({ model: champion.id, ...beside }, 'models serve')
    },
    onFault: (error) => {
      serving.onSwapFault()
      log.error(faultFields(error), 'models not changed: those before keep serving')
    }
  })
  closers.push({ name: 'scorer', close: lineup.close })
  closers.push({ name: 'policies', close: policies.watch().close })

  const backlog = createBacklog({
    redis: eventsRedis,
    due: Array.from({ length: PARTITIONS }, (_, partition) => keys.due(partition)),
    group: DUE_GROUP,
    inbox: keys.inbox(),
    maxEntries: config.INBOX_MAX_BACKLOG
  })
  pulse.onBeat(() => void backlog.look())

  const limits = { compactFromBytes: config.COMPACT_FROM_BYTES, maxEntityBytes: config.MAX_ENTITY_BYTES }
  const store = createRedisDecisionStore({
    redis,
    keys,
    leaseMs: config.DECISION_DEADLINE_MS + LEASE_BEYOND_DEADLINE_MS,
    retentionMs: config.DECISION_RETENTION_DAYS * DAY_MS,
    ...limits
  })
  const times = createStageTimes()
  const guard = await openGatewayGuard({
    policiesFolder,
    redis: eventsRedis,
    keys,
    processId: randomUUIDv7(),
    nowMs: systemClock.nowMs,
    onChange: (restrictions) =>
      log.warn({ count: restrictions.length }, 'what the portfolio guard holds back has changed'),
    onFault: (error) => log.error(faultFields(error), 'the portfolio guard could not be read or told')
  })
  closers.push({ name: 'portfolio guard', close: guard.close })
  const observer = observeDecisions(metrics, () => policies.active().policy, { drift, features: featureCounts })
  const deciding = {
    featureSet,
    lineup: policies.lineup,
    partitionOf: ({ refs }: Application) => partitionOfText(refs.applicant),
    newUuidv7: randomUUIDv7,
    monotonicMs: systemClock.monotonicMs,
    restraintOf: guard.restraintOf,
    commitReserveMs: config.DECISION_DEADLINE_MS * COMMIT_RESERVE_SHARE
  }
  const decide = createDecideService({
    ...deciding,
    store,
    times,
    observer: {
      ...observer,
      decided: (answer, application) => {
        observer.decided(answer, application)
        guard.observe(answer, application)
      }
    }
  })

  const later = openLaterRounds({
    redis,
    keys,
    retentionMs: config.DECISION_RETENTION_DAYS * DAY_MS,
    maxEntityBytes: config.MAX_ENTITY_BYTES,
    decisions: store,
    deciding,
    policy: policies.active,
    nowMs: systemClock.nowMs,
    metrics,
    guard
  })

  const notReady = (): string[] => {
    if (isEnding()) return ['shutting down']
    const up = redis.status === 'ready'
    metrics.gauge('credit_redis_up').set({ role: 'request' }, up ? 1 : 0)
    if (!up) return [`redis is ${redis.status}`]
    if (!pulse.isBeating()) return ['redis does not answer']
    return functionsLoaded ? [] : ['redis functions are not loaded']
  }
  const app = await buildApp(
    {
      decide,
      store,
      explain: createExplainService({
        store,
        featureSet,
        models: createModelLibrary({ folder: modelsFolder }),
        get policy() {
          return policies.active()
        },
        monotonicMs: systemClock.monotonicMs,
        rest: () => new Promise(setImmediate)
      }),
      recordOutcomes: createRecordOutcomes({
        decisions: store,
        outcomes: createRedisOutcomeStore({
          redis: eventsRedis,
          keys,
          keepMs: config.DECISION_RETENTION_DAYS * DAY_MS
        })
      }),
      loans: createRedisLoanStore({
        redis: eventsRedis,
        keys,
        defaults: { utcOffsetMinutes: config.LOAN_UTC_OFFSET_MINUTES, graceDays: config.LOAN_GRACE_DAYS },
        keepMs: config.DECISION_RETENTION_DAYS * DAY_MS
      }),
      webhooks: createDeliveries(eventsRedis, keys),
      lenderOf: await loadLenders(),
      ...later,
      behaviour: withOfferedSchedules(
        createBehaviourStore({
          redis: eventsRedis,
          keys,
          ...limits,
          nowMs: Date.now,
          onSetAside: countSetAside(metrics)
        }),
        store
      ),
      featureSet,
      partnerKeys: createPartnerKeys(redis, keys),
      edge: createEdge(createTokenise(config.TOKEN_KEY)),
      clock: systemClock,
      metrics,
      log,
      isReplay: createReplayLookup({ redis, keys }),
      leastMs: (nowMs) => times.of('begin', nowMs).usualMs + times.of('commit', nowMs).usualMs,
      isBacklogged: backlog.isOver,
      notReady
    },
    {
      version,
      deadlineMs: config.DECISION_DEADLINE_MS,
      maxInFlight: config.MAX_IN_FLIGHT,
      maxBurst: config.MAX_BURST,
      allowAsOf: config.ALLOW_AS_OF,
      docsPage: true
    }
  )
  const beforeScrape = async () => {
    notReady()
    drift.refresh()
    featureCounts.tell()
    metrics.gauge('credit_requests_in_flight').set(app.inFlight())
  }
  const ops = await buildOps({ metrics, notReady, describes: app, beforeScrape })
  closers.push({ name: 'ops', close: () => ops.close() }, { name: 'http', close: () => app.close() })
  await ops.listen({ host: config.OPS_HOST, port: config.OPS_PORT })
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  log.info({ address, policy: policies.active().id, featureSet: featureSet.id }, 'gateway ready')
}

main().catch((error: unknown) => {
  process.stderr.write(`gateway: ${describeError(error)}\n`)
  process.exit(1)
})
