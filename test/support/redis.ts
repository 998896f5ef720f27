import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { inject, onTestFinished } from 'vitest'
import { type PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from '../../launcher/redis.mjs'
import { createRedis, type RedisClientOptions, whenReady } from '../../src/redis/client.ts'

const DATABASES = 16
const DATABASE = Number(process.env.VITEST_POOL_ID ?? 0) % DATABASES

/**
 * False where the tests were lent a Redis by its address and none can be started. Suites that start their own say so:
 * `describe.skipIf(!canStartRedis())(…)`.
 */
export function canStartRedis(): boolean {
  return inject('redisServer') !== null
}

/**
 * The Redis that all test files share. Never flush it and never stop it; work under uniquePrefix(). Files that run side by
 * side have databases of their own, emptied before each file (support/empty-database.ts): a look through all keys, which
 * many tests take, then costs what this file has written.
 */
export function sharedRedisUrl(): string {
  const url = inject('redisUrl')
  if (url === null) throw new Error('This run was started without a Redis (ASSAY_TEST_REDIS=none)')
  return canStartRedis() ? `${url}/${DATABASE}` : url
}

/** A connection of this test, to the shared Redis unless told otherwise; it ends with the test. */
export async function connectRedis(options: Partial<RedisClientOptions> = {}): Promise<Redis> {
  const usual = { name: 'assay-test', role: 'request', commandTimeoutMs: 5000, onError: () => {} } as const
  const redis = createRedis({ url: options.url ?? sharedRedisUrl(), ...usual, ...options })
  onTestFinished(() => redis.disconnect())
  await whenReady(redis, 5000)
  return redis
}

/** A key prefix that no other test has, so that files run side by side on one Redis. */
export function uniquePrefix(name: string): string {
  return `test:${name}:${randomBytes(6).toString('hex')}:`
}

/**
 * A Redis for this test alone, to be stopped, frozen or killed; it starts in about 50 ms. stop() also removes its
 * data, unless `dir` was given: then a second one can be started on what the first left.
 */
export async function startOwnRedis(options: Partial<PrivateRedisOptions> = {}): Promise<PrivateRedis> {
  const server = options.server ?? inject('redisServer')
  if (!server) throw new Error('No Redis can be started in this run; guard the suite with canStartRedis()')
  if (options.dir) return startPrivateRedis({ ...options, dir: options.dir, server })
  const dir = await mkdtemp(join(tmpdir(), 'assay-own-redis-'))
  const clear = () => rm(dir, { recursive: true, force: true })
  try {
    const redis = await startPrivateRedis({ ...options, dir, server })
    return { ...redis, stop: () => redis.stop().then(clear) }
  } catch (error) {
    await clear()
    throw error
  }
}

/** A prefix for a process, which takes it from REDIS_PREFIX and is stricter about it. */
export function uniqueProcessPrefix(name: string): string {
  return `test-${name}-${randomBytes(4).toString('hex')}`
}
