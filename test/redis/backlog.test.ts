import { expect, test } from 'vitest'
import { DUE_GROUP } from '../../src/features/ingest.ts'
import { createBacklog } from '../../src/redis/backlog.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

async function backlogOf(maxEntries: number) {
  const redis = await connectRedis()
  const keys = createKeys(uniquePrefix('backlog'))
  const due = [keys.due(0), keys.due(1)]
  const backlog = createBacklog({ redis, due, group: DUE_GROUP, inbox: keys.inbox(), maxEntries })
  const isOver = async () => {
    await backlog.look()
    return backlog.isOver()
  }
  return { redis, keys, due: due as [string, string], backlog, isOver }
}

test('the backlog is over its bound by what no worker has acknowledged, delivered or not, and under it again', async () => {
  const { redis, due, isOver } = await backlogOf(3)
  expect(await isOver()).toBe(false)
  for (const stream of [...due, ...due]) await redis.xadd(stream, '*', 'e', '{}')
  expect(await isOver(), 'no worker was ever there').toBe(true)
  for (const stream of due) await redis.xgroup('CREATE', stream, DUE_GROUP, '0')
  await redis.xreadgroup('GROUP', DUE_GROUP, 'dead', 'STREAMS', ...due, '>', '>')
  expect(await isOver()).toBe(true)
  const [[first]] = (await redis.xrange(due[0], '-', '+')) as [[string, string[]]]
  await redis.xack(due[0], DUE_GROUP, first)
  expect(await isOver(), 'what is acknowledged and kept does not count').toBe(false)
})

test('the backlog of the inbox is what is in it', async () => {
  const { redis, keys, isOver } = await backlogOf(3)
  const ids: (string | null)[] = []
  for (let sent = 0; sent < 4; sent++) ids.push(await redis.xadd(keys.inbox(), '*', 'event', '{}'))
  expect(await isOver()).toBe(true)
  await redis.xdel(keys.inbox(), ids[0] as string)
  expect(await isOver()).toBe(false)
})

test('a look that fails leaves what is known', async () => {
  const { redis, keys, backlog, isOver } = await backlogOf(1)
  for (let sent = 0; sent < 2; sent++) await redis.xadd(keys.inbox(), '*', 'event', '{}')
  expect(await isOver()).toBe(true)
  redis.disconnect()
  await backlog.look()
  expect(backlog.isOver()).toBe(true)
})
