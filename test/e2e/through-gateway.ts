import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { unpackDoubles } from '../../src/decisions/answer.ts'
import { createRedisDecisionStore } from '../../src/decisions/redis-decision-store.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { MAX_EVENTS } from '../../src/gateway/routes/events.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { assay, startGateway, startIngest } from '../support/gateway-process.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'
import { type Line, waves } from './waves.ts'

const TENANT = 'replay'
const AT_ONCE = 32

export interface LiveDecision {
  readonly decision: Decision
  readonly pd: number | null
  /** The stored vector, in catalogue order; NaN is missing. */
  readonly values: Float64Array
}

export interface Lived {
  readonly byApplication: ReadonlyMap<string, LiveDecision>
  /** Entities that the ingest worker had folded by the end. */
  readonly folds: number
  /** Of the service’s processes, for commands of bin/assay. */
  readonly env: Readonly<Record<string, string>>
  /** What the API answers to a GET, as JSON. */
  readonly get: (path: string) => Promise<unknown>
}

/**
 * Sends a history through a real gateway in order of time, each application as of its own instant, while a real ingest
 * worker folds beside it, and reads the stored records.
 */
export async function throughGateway(events: readonly Line[], applications: readonly Line[]): Promise<Lived> {
  const prefix = uniqueProcessPrefix('replay')
  const env = {
    REDIS_URL: sharedRedisUrl(),
    REDIS_PREFIX: prefix,
    TOKEN_KEY: 'ab'.repeat(32),
    ALLOW_AS_OF: 'true',
    // What is told here is years old, and the worker’s clock is ours.
    PROFILE_IDLE_DAYS: '36500',
    // What is compared are vectors: a machine that is busy with other tests may take its time.
    DECISION_DEADLINE_MS: '5000',
    REDIS_TIMEOUT_MS: '4000',
    // Folds a few events at a time, where live gathers about forty.
    COMPACT_FROM_BYTES: '200'
  }
  const [{ url }, { opsUrl }] = await Promise.all([startGateway(env), startIngest(env)])
  const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', TENANT, '--json'], env)) as { key: string }
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const redis = new Redis(env.REDIS_URL)
  onTestFinished(() => redis.disconnect())
  const limits = { leaseMs: 1, retentionMs: 1, compactFromBytes: 1, maxEntityBytes: 1 }
  const store = createRedisDecisionStore({ redis, keys: createKeys(prefix), ...limits })
  const byApplication = new Map<string, LiveDecision>()
  const decide = async ({ asOf, outcome: _outcome, ...request }: Line): Promise<void> => {
    const answer = await post('/v1/decisions', request, { 'assay-as-of': String(asOf) })
    const decision = (await answer.json()) as Decision
    const stored = await store.read(TENANT, decision.decisionId)
    const { features, pd } = JSON.parse(stored?.record ?? '') as { features: string; pd: number | null }
    byApplication.set(decision.applicationId, { decision, pd, values: unpackDoubles(features) })
  }
  for (const wave of waves(events, applications)) {
    for (const some of chunks(wave.events, MAX_EVENTS)) await post('/v1/events', { events: some })
    for (const some of chunks(wave.applications, AT_ONCE)) await Promise.all(some.map(decide))
  }
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  return { byApplication, folds: await foldsOf(opsUrl), env, get }
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size)
  )
}

async function foldsOf(opsUrl: string): Promise<number> {
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text()
  return Number(/^credit_profile_compactions_total\{[^}]*outcome="folded"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0)
}
