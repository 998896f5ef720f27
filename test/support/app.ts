import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { createPartnerKeys, PARTNER_SCOPES } from '../../src/access/partner-keys.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { countSetAside, observeDecisions } from '../../src/decision-metrics.ts'
import { createDecideService, type DecideServiceDeps } from '../../src/decisions/decide.ts'
import { withOfferedSchedules } from '../../src/decisions/offered-schedules.ts'
import { createRedisDecisionStore } from '../../src/decisions/redis-decision-store.ts'
import { createReplayLookup } from '../../src/decisions/redis-replays.ts'
import { createReadStates } from '../../src/decisions/redis-states.ts'
import type { Lineup, Serving } from '../../src/decisions/serving.ts'
import { createStageTimes, type StageTimes } from '../../src/decisions/stage-times.ts'
import type { DecisionStore } from '../../src/decisions/store.ts'
import type { Application, DecisionRequest } from '../../src/domain/application.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { createExplainService } from '../../src/explanation/explain.ts'
import type { ModelLibrary } from '../../src/explanation/model-library.ts'
import { type BehaviourStore, createBehaviourStore } from '../../src/features/behaviour-store.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { type AppOptions, buildApp } from '../../src/gateway/app.ts'
import type { ExplainFrom, ScoreOutcome, Scorer } from '../../src/inference/scorer.ts'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { createLog } from '../../src/log.ts'
import { createMetrics, type Metrics } from '../../src/metrics.ts'
import { loadLenders } from '../../src/notices/lenders.ts'
import { createRecordOutcomes } from '../../src/outcomes/record-outcomes.ts'
import { createRedisOutcomeStore } from '../../src/outcomes/redis-outcome-store.ts'
import { compilePolicy, type ModelFacts } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { type ReviewPolicy, reviewPolicyOf } from '../../src/policy/review-policy.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys, partitionOfText } from '../../src/redis/keys.ts'
import { observeReviews } from '../../src/review-metrics.ts'
import { createFinishReview } from '../../src/reviews/finish-review.ts'
import { createGiveEvidence } from '../../src/reviews/give-evidence.ts'
import { createRedisReviewStore } from '../../src/reviews/redis-review-store.ts'
import { createReviewQueue } from '../../src/reviews/review-queue.ts'
import { createRoundStore } from '../../src/reviews/round-store.ts'
import type { ReviewStore } from '../../src/reviews/store.ts'
import { createDeliveries } from '../../src/webhooks/redis-deliveries.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from './redis.ts'

export const TEST_TOKEN_KEY = '0123456789abcdef'.repeat(4)
const POLICY = new URL('../../policies/baseline.json', import.meta.url)

/** Two inputs are enough for the code around the model: earlier loans and this device’s applications. */
const INPUTS = ['applicant.loans_lifetime', 'device.applications_24h'] as const
const MODEL: ModelFacts = {
  scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
  population: { products: ['cash'], currencies: ['NGN'] },
  inputs: [
    { range: [0, 512], missing: 'allowed', group: 'R130' },
    { range: [0, 512], missing: 'allowed', group: 'R120' }
  ]
}

export interface TestAppOptions extends Partial<AppOptions> {
  /** What the model says of each row; a plain approval by default. */
  readonly score?: (row: Float32Array, explainFrom?: ExplainFrom) => ScoreOutcome | Promise<ScoreOutcome>
  readonly clock?: Partial<Clock>
  readonly redisUrl?: string
  readonly leaseMs?: number
  readonly redisTimeoutMs?: number
  readonly compactFromBytes?: number
  readonly maxEntityBytes?: number
  readonly isBacklogged?: () => boolean
  /** How long stages are thought to take; what they took by default. */
  readonly times?: StageTimes
  /** What a decision is thought to take at least; nothing by default. */
  readonly leastMs?: () => number
  /** How people review; the policy’s way by default. */
  readonly review?: ReviewPolicy
  readonly reviews?: { readonly maxOpen?: number; readonly retentionMs?: number }
  /** Models that explanations find; none by default. */
  readonly models?: ModelLibrary
  /** What the portfolio holds back; nothing by default. */
  readonly restraintOf?: NonNullable<DecideServiceDeps['restraintOf']>
  /** Puts others beside the model. */
  readonly wrapLineup?: (alone: Lineup) => Lineup
  /** Wraps the store, for faults at a chosen step. */
  readonly wrapStore?: (store: DecisionStore) => DecisionStore
  /** The same for the decisions that evidence leads to. */
  readonly wrapRounds?: (store: DecisionStore) => DecisionStore
  /** Changes the policy that decides; its id stays. */
  readonly changePolicy?: (policy: Policy) => Policy
}

export interface TestApp {
  readonly app: FastifyInstance
  readonly redis: Redis
  readonly keys: Keys
  readonly store: DecisionStore
  readonly reviews: ReviewStore
  /** Authorization of a person of tenant `alpha` who reviews. */
  readonly reviewer: (name: string, tenant?: string) => Promise<{ readonly authorization: string }>
  readonly behaviour: BehaviourStore
  readonly metrics: Metrics
  readonly logLines: string[]
  /** Authorization of tenant `alpha`, and of another one. */
  readonly alpha: { readonly authorization: string }
  readonly beta: { readonly authorization: string }
}

export const approve = (pd = 0.05): ScoreOutcome => ({
  kind: 'scored',
  pd,
  contributions: Float64Array.from([0.3, 0.1])
})

/** One for all applications of a process, as in production: to make one costs a third of what buildTestApp does. */
const FEATURES = createFeatureSet(CATALOGUE)
const loaded = {
  policy: once(async () => loadPolicy(POLICY, FEATURES.names, await loadRules())),
  lenders: once(loadLenders)
}

function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined
  return () => (value ??= load())
}

/** The real application on the shared Redis under a prefix of its own; only the model is a function. */
export async function buildTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const redis = await connectRedis({
    url: options.redisUrl ?? sharedRedisUrl(),
    commandTimeoutMs: options.redisTimeoutMs ?? 2000
  })
  await loadFunctions(redis)
  const keys = createKeys(uniquePrefix('app'))
  const clock = { ...systemClock, ...options.clock }
  const limits = {
    compactFromBytes: options.compactFromBytes ?? 2048,
    maxEntityBytes: options.maxEntityBytes ?? 262_144
  }
  const plainStore = createRedisDecisionStore({
    redis,
    keys,
    leaseMs: options.leaseMs ?? 2000,
    retentionMs: 600_000,
    ...limits
  })
  const store = options.wrapStore?.(plainStore) ?? plainStore
  const featureSet = FEATURES
  const { policy: own, id: policyId, rules } = await loaded.policy()
  const policy = options.changePolicy?.(structuredClone(own)) ?? own
  const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
  const scorer: Scorer = {
    score: async (row, _deadlineAtMs, explainFrom) => options.score?.(row, explainFrom) ?? approve(),
    close: async () => {}
  }
  const champion: Serving = {
    toVector: createVectorPicker(featureSet.names, INPUTS),
    scorer,
    scorecard: null,
    decideByPolicy: compilePolicy(policy, MODEL, featureSet.names, { rules }),
    answerContext: {
      policyId,
      modelIds: { credit: 'test@sha256:0' },
      featureSetId: featureSet.id,
      offerValidDays: policy.offerValidDays,
      reviewSlaMinutes: reviewPolicyOf(policy).slaMinutes,
      quality: createQuality(CATALOGUE)
    }
  }
  const alone: Lineup = { champion, challengerOf: () => undefined, afterwards: () => {} }
  const lineup = options.wrapLineup?.(alone) ?? alone
  const deciding = {
    featureSet,
    lineup: () => lineup,
    partitionOf: ({ refs }: Application) => partitionOfText(refs.applicant),
    newUuidv7: randomUUIDv7,
    monotonicMs: clock.monotonicMs,
    times: options.times ?? createStageTimes(),
    commitReserveMs: 50,
    restraintOf: options.restraintOf ?? (() => undefined)
  }
  const decide = createDecideService({ ...deciding, store, observer: observeDecisions(metrics, () => policy) })
  const behaviour = withOfferedSchedules(
    createBehaviourStore({
      redis,
      keys,
      ...limits,
      nowMs: clock.nowMs,
      onSetAside: countSetAside(metrics)
    }),
    store
  )
  const explain = createExplainService({
    store,
    featureSet,
    models: options.models ?? { find: async () => undefined },
    policy: { policy, id: policyId, rules },
    monotonicMs: clock.monotonicMs,
    rest: () => new Promise(setImmediate)
  })
  const partnerKeys = createPartnerKeys(redis, keys)
  const logLines: string[] = []
  const log = createLog('gateway', 'info', { write: (line: string) => void logLines.push(line) })
  const edge = createEdge(createTokenise(TEST_TOKEN_KEY))
  const reviews = createRedisReviewStore({ redis, keys, retentionMs: 600_000, ...options.reviews })
  const reviewDeps = { decisions: store, reviews, nowMs: clock.nowMs }
  const reviewed = { policy: { ...policy, ...(options.review && { review: options.review }) }, id: policyId, rules }
  const roundStore = createRoundStore({ ...reviewDeps, readStates: createReadStates({ redis, keys, ...limits }) })
  const decideRound = createDecideService({
    ...deciding,
    store: options.wrapRounds?.(roundStore) ?? roundStore,
    observer: observeDecisions(metrics, () => policy, { channel: 'evidence' })
  })
  const deps = {
    giveEvidence: createGiveEvidence({ ...reviewDeps, decide: decideRound }),
    lenderOf: await loaded.lenders(),
    reviewQueue: createReviewQueue({ ...reviewDeps, reviewPolicy: () => reviewPolicyOf(reviewed.policy) }),
    finishReview: createFinishReview({
      ...reviewDeps,
      policy: () => reviewed,
      featureSet,
      newUuidv7: randomUUIDv7,
      restraintOf: options.restraintOf,
      onFinished: observeReviews(metrics)
    }),
    rounds: reviews.rounds,
    decide,
    store,
    explain,
    recordOutcomes: createRecordOutcomes({
      decisions: store,
      outcomes: createRedisOutcomeStore({ redis, keys, keepMs: 600_000 })
    }),
    loans: createRedisLoanStore({ redis, keys, defaults: { utcOffsetMinutes: 0, graceDays: 0 }, keepMs: 600_000 }),
    webhooks: createDeliveries(redis, keys),
    behaviour,
    featureSet,
    partnerKeys,
    edge,
    clock,
    metrics,
    log,
    notReady: () => [],
    isReplay: createReplayLookup({ redis, keys }),
    leastMs: options.leastMs ?? (() => 0),
    isBacklogged: options.isBacklogged ?? (() => false)
  }
  const defaults = {
    version: 'test',
    deadlineMs: 2000,
    maxInFlight: 1024,
    maxBurst: 0,
    allowAsOf: false,
    docsPage: false
  }
  const app = await buildApp(deps, { ...defaults, ...options })
  onTestFinished(() => app.close())
  const authorize = async (tenant: string) => {
    const { key } = await partnerKeys.create(tenant, PARTNER_SCOPES, Date.now())
    return { authorization: `Bearer ${key}` }
  }
  const [alpha, beta] = [await authorize('alpha'), await authorize('beta')]
  const reviewer = async (name: string, tenant = 'alpha') => {
    const { key } = await partnerKeys.create(tenant, ['reviews'], Date.now(), name)
    return { authorization: `Bearer ${key}` }
  }
  return { app, redis, keys, store, reviews, reviewer, behaviour, metrics, logLines, alpha, beta }
}

let serial = 0

/** A valid application; every call is another one of another person unless told otherwise. */
export function application(changes: Partial<DecisionRequest> = {}): DecisionRequest {
  serial++
  return {
    applicationId: `app-${process.pid}-${serial}`,
    applicantId: `person-${process.pid}-${serial}`,
    product: 'cash',
    amountMinor: 2_000_000,
    currency: 'NGN',
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    applicant: { birthYear: 1990, employment: 'permanent', monthlyIncomeMinor: 20_000_000 },
    consents: ['automated_decision'],
    ...changes
  }
}

export function postDecision({ app, alpha }: TestApp, payload: unknown, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: '/v1/decisions',
    headers: { ...alpha, ...headers },
    payload: payload as object
  })
}
