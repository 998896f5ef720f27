import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { startPrivateRedis } from '../../../launcher/redis.mjs'
import { createRedis, whenReady } from '../../../src/redis/client.ts'
import { loadFunctions } from '../../../src/redis/functions.ts'
import { createKeys, type Keys } from '../../../src/redis/keys.ts'

const READY_MS = 10_000
/** A benchmark is not hurried: a busy machine must not end it. */
const COMMAND_TIMEOUT_MS = 60_000

export interface BenchStore {
  readonly redis: Redis
  readonly keys: Keys
  readonly redisUrl: string
  readonly stop: () => Promise<void>
}

/** A Redis of its own, append-only as in production, with the functions loaded; gone with the benchmark. */
export async function startBenchStore(): Promise<BenchStore> {
  const dir = await mkdtemp(join(tmpdir(), 'assay-bench-'))
  const server = await startPrivateRedis({ dir })
  const redis = createRedis({
    url: server.url,
    name: 'assay-bench',
    role: 'request',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    onError: () => {}
  })
  await whenReady(redis, READY_MS)
  await loadFunctions(redis)
  const keys = createKeys(`bench-${randomBytes(3).toString('hex')}`)
  const stop = async (): Promise<void> => {
    redis.disconnect()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return { redis, keys, redisUrl: server.url, stop }
}
