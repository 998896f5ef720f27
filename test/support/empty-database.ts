import { inject } from 'vitest'
import { askRedis } from '../../launcher/redis-wire.mjs'
import { canStartRedis, sharedRedisUrl } from './redis.ts'

// Only in a Redis of this run: one that was lent may hold what is not ours.
if (canStartRedis() && inject('redisUrl') !== null) {
  const url = sharedRedisUrl()
  await askRedis(url, [
    ['SELECT', new URL(url).pathname.slice(1)],
    ['FLUSHDB', 'ASYNC']
  ])
}
