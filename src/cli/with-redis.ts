import { existsSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { AssayError } from '../errors.ts'
import { createRedis, whenReady } from '../redis/client.ts'

const RUNTIME_FILE = new URL('../../.data/runtime.json', import.meta.url)
const CONNECT_MS = 2000

/** Runs with a connection to the Redis of REDIS_URL or of a running `npm start`, and closes it. */
export async function withRedis(
  env: Readonly<Record<string, string | undefined>>,
  work: (redis: Redis, prefix: string) => Promise<void>
): Promise<void> {
  const url = env.REDIS_URL || runningRedisUrl()
  if (url === undefined) throw new AssayError('config_invalid', 'no stack is running here: npm start, or set REDIS_URL')
  const redis = createRedis({ url, name: 'assay-cli', role: 'request', commandTimeoutMs: 5000, onError: () => {} })
  try {
    await whenReady(redis, CONNECT_MS)
    await work(redis, env.REDIS_PREFIX || 'assay')
  } finally {
    redis.disconnect()
  }
}

function runningRedisUrl(): string | undefined {
  if (!existsSync(RUNTIME_FILE)) return undefined
  const { redisUrl } = JSON.parse(readFileSync(RUNTIME_FILE, 'utf8')) as { redisUrl?: string }
  return redisUrl
}
