import { expect, onTestFinished, test, vi } from 'vitest'
import { startIngest } from '../support/gateway-process.ts'
import { canStartRedis, connectRedis, startOwnRedis } from '../support/redis.ts'

test.skipIf(!canStartRedis())(
  'an ingest worker that begins before every connection is there loads the functions all the same',
  async () => {
    const own = await startOwnRedis({ extraArgs: ['--maxclients', '3'] })
    onTestFinished(() => own.stop())
    const admin = await connectRedis({ url: own.url })
    await startIngest({ REDIS_URL: own.url, REDIS_PREFIX: 'boot', TOKEN_KEY: 'ab'.repeat(32) })
    await admin.config('SET', 'maxclients', '100')
    await vi.waitFor(async () => expect(await admin.call('FUNCTION', 'LIST')).not.toEqual([]), 5000)
  },
  30_000
)
