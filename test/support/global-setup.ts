import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type RedisServer, resolveRedisServer, startPrivateRedis } from '../../launcher/redis.mjs'
import { compileOnce } from './compile-once.ts'

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string | null
    redisServer: RedisServer | null
  }
}

/** One real Redis for the whole run; tests keep apart by key prefix (see uniquePrefix). Returns the teardown. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { ASSAY_TEST_REDIS: wish, ASSAY_TEST_REDIS_URL: foreignUrl } = process.env
  if (wish === 'none' || foreignUrl) {
    project.provide('redisUrl', foreignUrl ?? null)
    project.provide('redisServer', null)
    return
  }
  await compileOnce()
  const server = await resolveRedisServer()
  const dir = await mkdtemp(join(tmpdir(), 'assay-test-redis-'))
  // What these tests write need outlive nothing: those about its durability start one of their own.
  const redis = await startPrivateRedis({ dir, server, extraArgs: ['--appendonly', 'no'] })
  project.provide('redisUrl', redis.url)
  project.provide('redisServer', server)
  return async () => {
    await redis.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
