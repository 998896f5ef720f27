import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { Pool } from 'undici'
import type { Appendfsync } from '../../load-tests/appendfsync.ts'
import { createRandom } from '../../load-tests/random.ts'
import { type ServiceUnderTest, startServiceUnderTest } from '../../load-tests/stack.ts'
import { createRedisDecisionStore } from '../../src/decisions/redis-decision-store.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { createKeys, type Keys, PARTITIONS } from '../../src/redis/keys.ts'
import { drive } from './driver.ts'
import type { Finding } from './findings.ts'
import { createKiller, planKills, type Victim } from './kill-plan.ts'
import type { KillReport } from './report.ts'
import { createStories } from './stories.ts'
import { createUntilAcknowledged, type Post } from './until-acknowledged.ts'

export interface KillRunOptions {
  readonly decisions: number
  readonly kills: number
  readonly seed: number
  /** Turns in progress at once. */
  readonly concurrency: number
  readonly appendfsync: Appendfsync
  /** Variables of the processes. */
  readonly env?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly progress: {
    readonly note: (line: string) => void
    readonly tick: (text: string) => void
  }
}

/** Above the service’s own deadlines: what takes longer has no answer. */
const POST_TIMEOUT_MS = 5000
const REDIS_BOOT_MS = 30_000
const REDIS_TIMEOUT_MS = 2000
const RESTARTS = { longestPauseMs: 1000, perMinute: Number.POSITIVE_INFINITY }
const KEPT_FINDINGS = 1000
const TICK_EVERY = 100

/** The whole service, applicants who keep applying, and kills among them; everything it started has ended afterwards. */
export async function runKills(options: KillRunOptions): Promise<KillReport> {
  const { env = {}, appendfsync, signal, progress } = options
  progress.tick('starting Redis, gateway, ingest and monitor')
  const quiet = { LOG_LEVEL: 'fatal', ...env }
  const service = await startServiceUnderTest({
    note: progress.note,
    profiled: false,
    signal,
    env: quiet,
    appendfsync,
    restarts: RESTARTS
  })
  try {
    return await killDuring(service, options)
  } finally {
    progress.tick('ending everything')
    await service.stop()
  }
}

async function killDuring(service: ServiceUnderTest, options: KillRunOptions): Promise<KillReport> {
  const { decisions: wanted, kills, seed, concurrency, appendfsync, progress } = options
  // When one lane fails, the others stop trying.
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const random = createRandom(seed)
  const stories = createStories(wanted, seed)
  const killer = createKiller(planKills(kills, wanted, random), service.pids, (victim: Victim) => {
    progress.note(`${seconds()} s  ${decisions} decisions: ${victim} killed`)
  })
  const retries: Record<string, number> = {}
  const findings: Finding[] = []
  let decisions = 0
  const startedAtMs = performance.now()
  const seconds = () => ((performance.now() - startedAtMs) / 1000).toFixed(1)
  const redis = createRedis({
    url: service.redisUrl,
    name: 'assay-kills',
    role: 'request',
    commandTimeoutMs: REDIS_TIMEOUT_MS,
    onError: () => {}
  })
  const pool = new Pool(`http://127.0.0.1:${service.port}`, { connections: concurrency * 2 })
  try {
    await whenReady(redis, REDIS_BOOT_MS)
    const keys = createKeys(service.redisPrefix)
    // It only reads: what it would write is written by the gateway.
    const limits = { leaseMs: 1, retentionMs: 1, compactFromBytes: 1, maxEntityBytes: 1 }
    const store = createRedisDecisionStore({ redis, keys, ...limits })
    const driven = await drive(stories, concurrency, {
      post: createPost(pool, service.key),
      readDecision: (decisionId) => store.read(service.tenant, decisionId),
      untilAcknowledged: createUntilAcknowledged({
        random,
        pause: (ms) => sleep(ms, undefined, { signal }),
        onRetry: (reason) => {
          retries[reason] = (retries[reason] ?? 0) + 1
        }
      }),
      nowMs: Date.now,
      onDecision: (found) => {
        if (findings.length < KEPT_FINDINGS) findings.push(...found)
        decisions++
        killer.after(decisions)
        if (decisions % TICK_EVERY === 0) progress.tick(`${decisions} of ${wanted} decisions`)
      },
      signal
    })
    const durationMs = performance.now() - startedAtMs
    await whenReady(redis, REDIS_BOOT_MS)
    const ledger = await countLedger(redis, keys)
    const killed = Object.values(killer.kills).reduce((sum, count) => sum + count, 0)
    // The last that were killed may not be back yet.
    const endedByThemselves = Math.max(0, service.restarts() - killed)
    return {
      ...driven,
      seed,
      appendfsync,
      kills: killer.kills,
      endedByThemselves,
      retries,
      findings,
      ledger,
      durationMs
    }
  } finally {
    ending.abort()
    redis.disconnect()
    await pool.destroy()
  }
}

async function countLedger(redis: Redis, keys: Keys): Promise<number> {
  const lengths = Array.from({ length: PARTITIONS }, (_, partition) => redis.xlen(keys.ledger(partition)))
  return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0)
}

function createPost(pool: Pool, key: string): Post {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const timeouts = { headersTimeout: POST_TIMEOUT_MS, bodyTimeout: POST_TIMEOUT_MS }
  return async (path, body) => {
    const answer = await pool.request({ path, method: 'POST', headers, body, ...timeouts })
    return { status: answer.statusCode, body: await answer.body.text() }
  }
}
