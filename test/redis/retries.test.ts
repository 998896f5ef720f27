import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRetries } from '../../src/redis/retries.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

let redis: Redis
let stream: string
let clockMs = 0
beforeEach(async () => {
  redis = await connectRedis()
  stream = `${uniquePrefix('retries')}one`
})

const retriesOf = (consumer: string, afterMs = 0, count = 10) =>
  createRetries({ redis, stream, group: 'g', consumer, afterMs, count, monotonicMs: () => clockMs })

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
      { stream, id: ids[1], fields: { v: '1' }, fieldsSent: 1, deliveries: 2 }
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

/** Entries that a consumer took as the inbox does: Redis keeps no list of them. */
async function taken(entries: number): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < entries; index++) ids.push((await redis.xadd(stream, '*', 'v', String(index))) as string)
  await redis.xgroup('CREATE', stream, 'g', '0').catch(() => {})
  await redis.xreadgroup('GROUP', 'g', 'dead', 'COUNT', 1000, 'NOACK', 'STREAMS', stream, '>')
  return ids
}

describe('entries that were taken without being listed', () => {
  const firsts = (ids: readonly string[]) => ids.map((id) => ({ id, deliveries: 1 }))

  test('are stale once they are still there after the wait, and their first delivery counts', async () => {
    const ids = await taken(3)
    const { list, claim } = retriesOf('heir', 5000)
    expect(await list(), 'the first look tells how far the group had come').toEqual([])
    clockMs += 4999
    expect(await list()).toEqual([])
    clockMs += 1
    expect(await list()).toEqual(firsts(ids))
    expect((await claim(await list())).map(({ id, deliveries }) => [id, deliveries])).toEqual(ids.map((id) => [id, 2]))
  })

  test('that came after the look wait as long, and those still to be delivered are nobody’s', async () => {
    const { list } = retriesOf('heir', 5000)
    const early = await taken(1)
    await list()
    const late = await taken(1)
    await redis.xadd(stream, '*', 'v', 'not delivered')
    clockMs += 5000
    expect(await list()).toEqual(firsts(early))
    clockMs += 5000
    expect(await list()).toEqual(firsts([...early, ...late]))
  })

  test('are not stale because the look itself took long', async () => {
    await taken(1)
    const slow = Object.create(redis) as Redis
    slow.xinfo = (async (...args: Parameters<Redis['xinfo']>) => {
      const groups = await redis.xinfo(...args)
      clockMs += 5000
      return groups
    }) as Redis['xinfo']
    const { list } = createRetries({
      redis: slow,
      stream,
      group: 'g',
      consumer: 'heir',
      afterMs: 5000,
      count: 10,
      monotonicMs: () => clockMs
    })
    expect(await list()).toEqual([])
  })

  test('are all found, a page at a look', async () => {
    const ids = await taken(5)
    const { list } = retriesOf('heir', 5000, 2)
    await list()
    clockMs += 5000
    for (let page = 0; page < 3; page++) await list()
    expect(await retriesOf('whole', 0, 100).list()).toEqual(firsts(ids))
  })

  test('are not looked for any more once they were handled', async () => {
    const ids = await taken(2)
    const { list } = retriesOf('heir', 5000)
    await list()
    await redis.xdel(stream, ids[0] as string)
    clockMs += 5000
    expect(await list()).toEqual(firsts(ids.slice(1)))
  })

  test('are kept by who holds them, without a delivery', async () => {
    const ids = await taken(1)
    const holder = retriesOf('busy', 5000)
    const other = retriesOf('heir', 5000)
    await other.list()
    clockMs += 5000
    await holder.hold([{ id: ids[0] as string }])
    expect([await other.list(), await other.claim(firsts(ids))]).toEqual([[], []])
    expect(await retriesOf('later', 0).list()).toEqual(firsts(ids))
  })
})
