import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRetries } from '../../src/redis/retries.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

let redis: Redis
let stream: string
beforeEach(async () => {
  redis = await connectRedis()
  stream = `${uniquePrefix('retries')}one`
})

const retriesOf = (consumer: string, afterMs = 0, count = 10) =>
  createRetries({ redis, stream, group: 'g', consumer, afterMs, count })

/** Entries that a consumer took and died with. */
async function delivered(entries: number): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < entries; index++) ids.push((await redis.xadd(stream, '*', 'v', String(index))) as string)
  await redis.xgroup('CREATE', stream, 'g', '0')
  await redis.xreadgroup('GROUP', 'g', 'dead', 'COUNT', 1000, 'STREAMS', stream, '>')
  return ids
}

describe('entries to be tried again', () => {
  test('are listed oldest first with their deliveries, and looking is none', async () => {
    const ids = await delivered(3)
    const { list } = retriesOf('heir', 0, 2)
    for (let look = 0; look < 3; look++) {
      expect(await list()).toEqual(ids.slice(0, 2).map((id) => ({ id, deliveries: 1 })))
    }
  })

  test('are nobody’s while their reader may still be busy', async () => {
    await delivered(3)
    expect(await retriesOf('heir', 60_000).list()).toEqual([])
  })

  test('are none where there is no group yet', async () => {
    expect(await retriesOf('heir').list()).toEqual([])
  })

  test('are claimed one by one, and only what is claimed counts a delivery', async () => {
    const ids = await delivered(3)
    const { list, claim } = retriesOf('heir')
    const [, second] = await list()
    expect(await claim(second === undefined ? [] : [second])).toEqual([
      { stream, id: ids[1], fields: { v: '1' }, hasRepeats: false, deliveries: 2 }
    ])
    expect((await list()).map(({ deliveries }) => deliveries)).toEqual([1, 2, 1])
  })

  test('that were deleted are gone, and that somebody else has just taken are left to them', async () => {
    const ids = await delivered(2)
    await redis.xdel(stream, ids[0] as string)
    const stale = await retriesOf('heir').list()
    expect(await retriesOf('late', 60_000).claim(stale)).toEqual([])
    expect((await retriesOf('heir').claim(stale)).map(({ id }) => id)).toEqual([ids[1]])
  })

  test('are held by who still works at them, without a delivery', async () => {
    const [id] = await delivered(1)
    const idleMs = async () => {
      const [row] = (await redis.xpending(stream, 'g', '-', '+', 1)) as [string, string, number, number][]
      return row?.[2] ?? 0
    }
    while ((await idleMs()) < 300) await redis.ping()
    await retriesOf('busy').hold([{ id: id as string }])
    expect(await idleMs()).toBeLessThan(300)
    expect(await retriesOf('busy').list()).toEqual([{ id, deliveries: 1 }])
  })
})
