import { expect, test } from 'vitest'
import { connectRedis, uniquePrefix } from '../support/redis.ts'
import { runHistories } from './run-histories.ts'

test('what is owed is what decisions and events say and never above the limit, whatever happens at once, twice or not at all', async () => {
  const { lived, found, stats } = await runHistories({
    histories: 200,
    seed: 1 + Math.floor(Math.random() * 1000),
    prefix: uniquePrefix('exposure'),
    connect: (name) => connectRedis({ name })
  })
  expect(found).toEqual([])
  expect(lived).toBe(200)
  expect(stats.exposed, 'decisions that were refused at the commit').toBeGreaterThan(0)
  expect(stats.crashes).toBeGreaterThan(0)
  expect(stats.full, 'steps with the whole limit taken').toBeGreaterThan(0)
}, 60_000)
