import { randomUUIDv7 } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Random } from '../../load-tests/random.ts'
import { createDecideService, type DecideResult, type DecideService } from '../../src/decisions/decide.ts'
import { createRedisDecisionStore } from '../../src/decisions/redis-decision-store.ts'
import type { Lineup, Serving } from '../../src/decisions/serving.ts'
import { createStageTimes } from '../../src/decisions/stage-times.ts'
import type { DecisionStore } from '../../src/decisions/store.ts'
import type { Application } from '../../src/domain/application.ts'
import { fingerprintOf } from '../../src/edge/edge.ts'
import { AssayError } from '../../src/errors.ts'
import { type BehaviourStore, createBehaviourStore } from '../../src/features/behaviour-store.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { compilePolicy } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { type Keys, partitionOfText } from '../../src/redis/keys.ts'

export const LIMIT_MINOR = 6_000_000
/** A claim that was left by a process that died. */
export const LEASE_MS = 20
const FEATURES = createFeatureSet(CATALOGUE)
const INPUTS = ['applicant.loans_lifetime'] as const

/** What happens to a gateway in the middle of a decision. */
export const CRASHES = ['loseBegin', 'dieBeforeCommit', 'dieAfterCommit', 'commitTwice'] as const
export type Crash = (typeof CRASHES)[number]

export interface Gateway {
  readonly redis: Redis
  readonly decide: (application: Application, nowMs: number, crash?: Crash) => Promise<DecideResult>
  readonly append: BehaviourStore['append']
}

export interface GatewayOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly random: Random
  readonly onExposed: () => void
}

/** A decision service with a connection of its own: the real store and policy, a model that always says the same. */
export async function createGateway({ redis, keys, random, onExposed }: GatewayOptions): Promise<Gateway> {
  // Everybody waits for a connection that was cut.
  redis.setMaxListeners(0)
  const crashes = new Map<string, Crash>()
  const limits = { compactFromBytes: 1 << 20, maxEntityBytes: 1 << 20 }
  const store = createRedisDecisionStore({ redis, keys, leaseMs: LEASE_MS, retentionMs: 600_000, ...limits })
  const serving = await createServing()
  const lineup: Lineup = { champion: serving, challengerOf: () => undefined, afterwards: () => {} }
  const nothing = () => {}
  const decide: DecideService = createDecideService({
    store: crashing(store, crashes, random),
    featureSet: FEATURES,
    lineup: () => lineup,
    partitionOf: ({ refs }) => partitionOfText(refs.applicant),
    newUuidv7: randomUUIDv7,
    monotonicMs: () => performance.now(),
    observer: {
      stage: nothing,
      read: nothing,
      decided: nothing,
      scored: nothing,
      replayed: nothing,
      exposed: onExposed,
      challengerFailed: nothing
    },
    times: createStageTimes(),
    commitReserveMs: 1000
  })
  return {
    redis,
    append: createBehaviourStore({ redis, keys, ...limits, nowMs: Date.now, onSetAside: nothing }).append,
    decide: async (application, nowMs, crash) => {
      if (crash !== undefined) crashes.set(application.applicationId, crash)
      try {
        const applicationJson = JSON.stringify(application)
        const fingerprint = fingerprintOf(applicationJson)
        const deadlineAtMs = performance.now() + 10_000
        return await decide({
          application,
          applicationJson,
          fingerprint,
          idempotencyKey: undefined,
          nowMs,
          deadlineAtMs
        })
      } finally {
        crashes.delete(application.applicationId)
      }
    }
  }
}

async function createServing(): Promise<Serving> {
  const rules = await loadRules()
  const { policy, id } = await loadPolicy(
    new URL('../../policies/baseline.json', import.meta.url),
    FEATURES.names,
    rules
  )
  const { firstLoanBand: _, fraud: __, ...rest } = policy
  // One limit for everybody at all times, so that it can be said what is too much.
  const products = policy.products.map((product) => ({ ...product, firstLoanMaxMinor: product.amountMinor.max }))
  const model = {
    scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
    population: { products: ['cash'], currencies: ['NGN'] },
    inputs: [{ range: [0, 512], missing: 'allowed', group: 'R130' } as const]
  }
  return {
    toVector: createVectorPicker(FEATURES.names, INPUTS),
    scorer: { score: async () => ({ kind: 'scored', pd: 0.05, contributions: null }) },
    scorecard: null,
    decideByPolicy: compilePolicy({ ...rest, products, velocity: [] }, model, FEATURES.names, { rules }),
    answerContext: {
      policyId: id,
      modelIds: { credit: 'test@sha256:0' },
      featureSetId: FEATURES.id,
      reviewSlaMinutes: 1440,
      offerValidDays: policy.offerValidDays,
      quality: createQuality(CATALOGUE)
    }
  }
}

/** The store as a process sees it whose network fails or that is killed at a chosen moment. */
function crashing(store: DecisionStore, crashes: ReadonlyMap<string, Crash>, random: Random): DecisionStore {
  const gone = () => new AssayError('store_unavailable', 'gone')
  const turns = async () => {
    for (let left = Math.floor(random() * 4); left > 0; left--) await new Promise(setImmediate)
  }
  const dead = new Set<string>()
  return {
    ...store,
    begin: async (claim, submitted) => {
      const begun = await store.begin(claim, submitted)
      if (crashes.get(claim.application.applicationId) === 'loseBegin') throw gone()
      return begun
    },
    commit: async (commitment) => {
      const crash = crashes.get(commitment.claim.application.applicationId)
      await turns()
      if (crash === 'dieBeforeCommit' || crash === 'dieAfterCommit') dead.add(commitment.claim.decisionId)
      if (crash === 'dieBeforeCommit') throw gone()
      const committed = await store.commit(commitment)
      if (crash === 'dieAfterCommit') throw gone()
      return crash === 'commitTwice' ? store.commit(commitment) : committed
    },
    read: async (tenant, decisionId) => {
      if (dead.delete(decisionId)) throw gone()
      return store.read(tenant, decisionId)
    }
  }
}
