import { expect, onTestFinished, test, vi } from 'vitest'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { startIngest } from '../support/gateway-process.ts'
import { canStartRedis, startOwnRedis } from '../support/redis.ts'

test.skipIf(!canStartRedis())(
  'an ingest worker that begins before every connection is there loads the functions all the same',
  async () => {
    const own = await startOwnRedis({ extraArgs: ['--maxclients', '3'] })
    onTestFinished(() => own.stop())
    const admin = createRedis({
      url: own.url,
      name: 'assay-test',
      role: 'request',
      commandTimeoutMs: 2000,
      onError: () => {}
    })
    onTestFinished(() => admin.disconnect())
    await whenReady(admin, 5000)
    await startIngest({ REDIS_URL: own.url, REDIS_PREFIX: 'boot', TOKEN_KEY: 'ab'.repeat(32) })
    await admin.config('SET', 'maxclients', '100')
    await vi.waitFor(async () => expect(await admin.call('FUNCTION', 'LIST')).not.toEqual([]), 5000)
  },
  30_000
)
