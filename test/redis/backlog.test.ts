import { expect, onTestFinished, test } from 'vitest'
import { LOG_GROUP } from '../../src/features/ingest.ts'
import { createBacklog } from '../../src/redis/backlog.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

async function backlogOf(maxEntries: number) {
  const options = { url: sharedRedisUrl(), name: 'assay-test', role: 'request', commandTimeoutMs: 2000 } as const
  const redis = createRedis({ ...options, onError: () => {} })
  onTestFinished(() => redis.disconnect())
  await whenReady(redis, 5000)
  const keys = createKeys(uniquePrefix('backlog'))
  const logs = [keys.log(0), keys.log(1)]
  const backlog = createBacklog({ redis, logs, group: LOG_GROUP, inbox: keys.inbox(), maxEntries })
  const isOver = async () => {
    await backlog.look()
    return backlog.isOver()
  }
  return { redis, keys, logs: logs as [string, string], backlog, isOver }
}

test('the backlog is over its bound by what no worker has acknowledged, delivered or not, and under it again', async () => {
  const { redis, logs, isOver } = await backlogOf(3)
  expect(await isOver()).toBe(false)
  for (const log of [...logs, ...logs]) await redis.xadd(log, '*', 'e', '{}')
  expect(await isOver(), 'no worker was ever there').toBe(true)
  for (const log of logs) await redis.xgroup('CREATE', log, LOG_GROUP, '0')
  await redis.xreadgroup('GROUP', LOG_GROUP, 'dead', 'STREAMS', ...logs, '>', '>')
  expect(await isOver()).toBe(true)
  const [[first]] = (await redis.xrange(logs[0], '-', '+')) as [[string, string[]]]
  await redis.xack(logs[0], LOG_GROUP, first)
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
