import { beforeEach, describe, expect, test } from 'vitest'
import { type RedisRole, whenReady } from '../../src/redis/client.ts'
import { countPending, createGroupReader, type GroupReaderOptions } from '../../src/redis/group-reader.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const connect = (role: RedisRole) => connectRedis({ role })

let redis: Awaited<ReturnType<typeof connect>>
let blocking: typeof redis
let streams: [string, string]
beforeEach(async () => {
  ;[redis, blocking] = await Promise.all([connect('request'), connect('blocking')])
  const prefix = uniquePrefix('group')
  streams = [`${prefix}one`, `${prefix}two`]
})

const readerOf = (consumer: string, changes: Partial<GroupReaderOptions> = {}) =>
  createGroupReader({
    blocking,
    redis,
    streams,
    group: 'g',
    consumer,
    count: 1000,
    blockMs: 20,
    takeOverAfterMs: 0,
    ...changes
  })
const add = async (stream: string, ...values: string[]) => {
  const ids: string[] = []
  for (const value of values) ids.push((await redis.xadd(stream, '*', 'v', value)) as string)
  return ids
}
const valuesOf = (entries: readonly { fields: Readonly<Record<string, string>> }[]) =>
  entries.map(({ fields }) => fields.v)
const laterThan = async (id: string) => {
  let now: string
  do now = ((await redis.time())[0] as unknown as string) + String((await redis.time())[1]).padStart(6, '0')
  while (Number(now) / 1000 < Number(id.split('-')[0]) + 3)
}

describe('a group reader', () => {
  test('reads what was there before its group, from every stream, and new entries once', async () => {
    await add(streams[0], 'a', 'b')
    await add(streams[1], 'c')
    const reader = readerOf('one')
    const entries = await reader.read()
    expect(valuesOf(entries).sort()).toEqual(['a', 'b', 'c'])
    expect(await reader.countPending()).toBe(3)
    await reader.acknowledge(entries)
    expect([await reader.read(), await reader.countPending()]).toEqual([[], 0])
    await add(streams[1], 'd')
    expect(await reader.countPending(), 'not delivered yet is pending, too').toBe(1)
    expect(valuesOf(await reader.read())).toEqual(['d'])
  })

  test('takes over one after the other, also where the first is never acknowledged', async () => {
    await add(streams[0], 'poison', 'b', 'c')
    await readerOf('dead').read()
    const heir = readerOf('heir', { count: 1 })
    const taken: unknown[] = []
    for (let time = 0; time < 3; time++) {
      const entries = await heir.takeOver()
      taken.push(...valuesOf(entries))
      await heir.acknowledge(entries.filter(({ fields }) => fields.v !== 'poison'))
    }
    expect(taken).toEqual(['poison', 'b', 'c'])
    expect(valuesOf(await heir.takeOver())).toEqual(['poison'])
  })

  test('shares the streams with another reader of the group: nobody gets what the other got', async () => {
    await add(streams[0], ...Array.from({ length: 20 }, (_, index) => `v${index}`))
    const [one, two] = [
      readerOf('one', { count: 10 }),
      readerOf('two', { count: 10, blocking: await connect('blocking') })
    ]
    const read = [...valuesOf(await one.read()), ...valuesOf(await two.read())]
    expect([read.length, new Set(read).size]).toEqual([20, 20])
  })

  test('takes over what a dead reader did not acknowledge, and leaves alone what it did', async () => {
    await add(streams[0], 'a', 'b', 'c')
    const dead = readerOf('dead')
    const entries = await dead.read()
    await dead.acknowledge(entries.slice(0, 1))
    await laterThan(entries[2]?.id as string)
    const heir = readerOf('heir')
    const taken = await heir.takeOver()
    expect(valuesOf(taken)).toEqual(['b', 'c'])
    await heir.acknowledge(taken)
    expect([await heir.takeOver(), await heir.countPending()]).toEqual([[], 0])
  })

  test('does not take from a reader that is only busy', async () => {
    await add(streams[0], 'a')
    await readerOf('busy').read()
    expect(await readerOf('other', { takeOverAfterMs: 60_000 }).takeOver()).toEqual([])
  })

  test('takes over more than one batch, round by round', async () => {
    const ids = await add(streams[0], ...Array.from({ length: 25 }, (_, index) => `v${index}`))
    await readerOf('dead').read()
    await laterThan(ids.at(-1) as string)
    const heir = readerOf('heir', { count: 10 })
    const values: (string | undefined)[] = []
    for (let round = 0; round < 3; round++) {
      const taken = await heir.takeOver()
      values.push(...valuesOf(taken))
      await heir.acknowledge(taken)
    }
    expect(new Set(values).size).toBe(25)
  })

  test('makes a missing group again from the beginning after the streams were flushed', async () => {
    const reader = readerOf('one')
    await add(streams[0], 'a')
    await reader.acknowledge(await reader.read())
    await redis.del(...streams)
    expect(await reader.takeOver()).toEqual([])
    expect(await reader.countPending()).toBe(0)
    await reader.trim(Date.now())
    await add(streams[0], 'b', 'c')
    expect(valuesOf(await reader.read())).toEqual(['b', 'c'])
  })

  test('a group that is there keeps its place when another stream lacks its group', async () => {
    const reader = readerOf('one')
    await add(streams[0], 'a')
    await reader.acknowledge(await reader.read())
    await redis.del(streams[1])
    await add(streams[0], 'b')
    await add(streams[1], 'c')
    expect(valuesOf(await reader.read()).sort()).toEqual(['b', 'c'])
  })

  test('a connection that broke says so and the next read works', async () => {
    const reader = readerOf('one', { blockMs: 5000 })
    await readerOf('one', { blockMs: 1 }).read()
    const reading = reader.read().catch((error: Error) => error)
    await redis.ping()
    blocking.disconnect(true)
    expect(await reading).toBeInstanceOf(Error)
    await whenReady(blocking, 5000)
    await add(streams[0], 'a')
    expect(valuesOf(await reader.read())).toEqual(['a'])
  })
})

test('the backlog of a stream without its group is all of it', async () => {
  await add(streams[0], 'a', 'b')
  expect(await countPending(redis, streams, 'g')).toBe(2)
  await readerOf('one').read()
  await add(streams[1], 'c')
  expect(await countPending(redis, streams, 'g')).toBe(3)
})

describe('trimming', () => {
  // Redis trims whole nodes of about a hundred entries: enough of them that something can go.
  const MANY = 1000
  const fill = async (stream: string) => {
    const pipeline = redis.pipeline()
    for (let index = 0; index < MANY; index++) pipeline.xadd(stream, `${1000 + index}-0`, 'v', String(index))
    await pipeline.exec()
  }
  const remaining = async (stream: string) =>
    (await redis.xrange(stream, '-', '+')).map(([id]) => Number(id.split('-')[0]))

  test('deletes what is older than asked once every group has acknowledged it', async () => {
    await fill(streams[0])
    const reader = readerOf('one')
    await reader.acknowledge(await reader.read())
    await reader.trim(1500)
    const left = await remaining(streams[0])
    expect(left.length).toBeLessThan(MANY)
    expect(left.slice(-500)).toEqual(Array.from({ length: 500 }, (_, index) => 1500 + index))
  })

  test('never deletes what this group has not acknowledged, delivered or not', async () => {
    await fill(streams[0])
    const reader = readerOf('one', { count: 600 })
    const entries = await reader.read()
    await reader.acknowledge(entries.filter((_, index) => index !== 300))
    await reader.trim(Date.now())
    expect(await remaining(streams[0])).toEqual(expect.arrayContaining([1300, 1600, 1601, 1999]))
    expect(await reader.countPending()).toBe(1 + MANY - 600)
  })

  test('never deletes what another group of the stream has not read yet', async () => {
    await fill(streams[0])
    await redis.xgroup('CREATE', streams[0], 'archive', '0')
    const reader = readerOf('one')
    await reader.acknowledge(await reader.read())
    await reader.trim(Date.now())
    expect(await remaining(streams[0])).toHaveLength(MANY)
  })

  test('never deletes what a reader of any group died with, until somebody has taken it over', async () => {
    await fill(streams[0])
    await redis.xgroup('CREATE', streams[0], 'archive', '0')
    const [here, there] = [readerOf('dead'), readerOf('dead', { group: 'archive' })]
    const ours = await here.read()
    const theirs = await there.read()
    await here.acknowledge(ours.filter((_, index) => index !== 700))
    await there.acknowledge(theirs.filter((_, index) => index !== 400))
    await readerOf('heir').trim(Date.now())
    expect(await remaining(streams[0])).toEqual(expect.arrayContaining([1400, 1700, 1999]))
    const heir = readerOf('heir', { group: 'archive', takeOverAfterMs: 0 })
    const taken = await heir.takeOver()
    expect(valuesOf(taken)).toEqual(['400'])
    await heir.acknowledge(taken)
    await heir.trim(Date.now())
    const left = await remaining(streams[0])
    expect(left).toEqual(expect.arrayContaining([1700, 1999]))
    expect(left.length, 'only this group holds it now').toBeLessThan(MANY - 300)
  })

  test('deletes nothing from a stream that has no group', async () => {
    await fill(streams[0])
    await readerOf('one').trim(Date.now())
    expect(await remaining(streams[0])).toHaveLength(MANY)
  })
})
