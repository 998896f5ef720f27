import { describe, expect, test } from 'vitest'
import type { AssayEvent } from '../../src/domain/event.ts'
import { createLogSource, type EventSource } from '../../src/features/log-source.ts'
import { packRecord } from '../../src/features/record.ts'
import { type ReplayDeps, type ReplayOptions, type ReplayPosition, replay } from '../../src/features/replay.ts'
import { createHistories, recordsOf } from '../../src/features/stored-entity.ts'
import { NOW_MS } from './behaviour.ts'
import { keysOfEvent, type LiveBehaviour, liveBehaviour, login, sampleEvents } from './live-behaviour.ts'

const OPTIONS: ReplayOptions = { isCheck: false, isWhole: false, maxBytes: 64 * 1024 * 1024 }

function run(live: LiveBehaviour, options: Partial<ReplayOptions> = {}, deps: Partial<ReplayDeps> = {}) {
  const log = createLogSource(live.streams, live.keys)
  const own = {
    sources: [log],
    log,
    store: live.store,
    keys: live.keys,
    pace: async () => {},
    savePosition: async () => {},
    onProgress: () => {}
  }
  return replay({ ...own, ...deps }, { ...OPTIONS, ...options })
}

async function filled(seed = 1) {
  const live = await liveBehaviour()
  await live.append(...sampleEvents(seed))
  await live.compactSome()
  return { live, before: await live.profiles() }
}

const removeAll = async (live: LiveBehaviour) => void (await live.redis.del(...(await live.names())))
const count = (values: object) => Object.values(values).reduce((sum, value) => sum + value, 0)

describe('a replay of the log', () => {
  test.each([1, 2, 3])('gives the live profiles byte for byte, after repeats and out of order (%i)', async (seed) => {
    const { live, before } = await filled(seed)
    expect(Object.keys(before).length).toBeGreaterThan(15)
    await removeAll(live)
    const { outcomes } = await run(live)
    expect(outcomes).toMatchObject({ created: Object.keys(before).length, rebuilt: 0, unchanged: 0, overtaken: 0 })
    expect(await live.profiles()).toEqual(before)
  })

  test('changes nothing where nothing is wrong, and writes nothing', async () => {
    const { live, before } = await filled()
    const bytes = await live.store.read(await live.names())
    const { outcomes } = await run(live)
    expect(outcomes).toMatchObject({ unchanged: Object.keys(before).length, rebuilt: 0, created: 0, repaired: 0 })
    expect(await live.store.read(await live.names())).toEqual(bytes)
  })

  test('repairs what was deleted, what cannot be read and what lost events, and nothing else', async () => {
    const { live, before } = await filled()
    const [deleted, foreign, cut, older] = (await live.names()) as [string, string, string, string]
    await live.redis.del(deleted)
    await live.redis.set(foreign, Buffer.from([9, 1, 2, 3]))
    await live.redis.set(cut, ((await live.redis.getBuffer(cut)) as Buffer).subarray(0, -3))
    await live.redis.set(older, Buffer.alloc(0))
    const { outcomes } = await run(live)
    expect(await live.profiles()).toEqual(before)
    expect(outcomes).toMatchObject({ created: 1, repaired: 2, rebuilt: 1, unchanged: Object.keys(before).length - 4 })
  })

  test('takes as many passes as it is told or as memory makes it, with the same result', async () => {
    const { live, before } = await filled()
    let passes = 0
    const countPasses = async (step: string) => void (step === 'collected' && passes++)
    await removeAll(live)
    await run(live, { buckets: 5 }, { onStep: countPasses })
    expect(passes).toBe(5)
    expect(await live.profiles()).toEqual(before)
    await removeAll(live)
    passes = 0
    await run(live, { buckets: 1, maxBytes: 1024 * 1024 + 6000 }, { onStep: countPasses })
    expect(passes).toBeGreaterThan(1)
    expect(await live.profiles()).toEqual(before)
  })

  test('of some partitions rebuilds their entities alone', async () => {
    const { live, before } = await filled()
    await removeAll(live)
    const tag = /\{p(\d\d)\}/.exec(Object.keys(before)[0] as string)?.[1] as string
    await run(live, { partitions: new Set([Number(tag)]) })
    expect(await live.profiles()).toEqual(
      Object.fromEntries(Object.entries(before).filter(([name]) => name.includes(`{p${tag}}`)))
    )
  })

  test('that is killed in the middle goes on where it was', async () => {
    const { live, before } = await filled()
    await removeAll(live)
    let position: ReplayPosition | undefined
    const savePosition = async (reached: ReplayPosition) => {
      position = reached
    }
    let settled = 0
    const kill = async (step: string) => {
      if (step === 'settled' && ++settled === 4) throw new Error('killed')
    }
    await expect(run(live, { buckets: 6 }, { savePosition, onStep: kill })).rejects.toThrow('killed')
    const done = Object.keys(await live.profiles()).length
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(Object.keys(before).length)
    const places = { first: -1 }
    const watch = async (reached: ReplayPosition) => {
      if (places.first < 0) places.first = reached.from
    }
    const resumed = position as ReplayPosition
    const { outcomes } = await run(live, { position: resumed }, { savePosition: watch })
    expect(places.first).toBe(resumed.from)
    expect(resumed.from).toBeGreaterThan(0)
    expect(await live.profiles()).toEqual(before)
    expect(count(outcomes)).toBe(Object.keys(before).length)
    expect(outcomes.unchanged, 'written by the killed pass, which was not saved').toBeGreaterThan(0)
  })

  test('sets aside entries that are no events', async () => {
    const { live, before } = await filled()
    await live.redis.xadd(live.keys.log(3), '*', 'e', '{"eventId":1}')
    await live.redis.xadd(live.keys.log(3), '*', 'e', 'not JSON')
    await live.redis.xadd(live.keys.log(3), '*', 'x', 'no event')
    const broken = { ...login('n', 'person-1', NOW_MS), type: 'repayment.failed', data: { amountMinor: 0.5 } }
    await live.redis.xadd(live.keys.log(3), '*', 'e', JSON.stringify(broken))
    expect(await run(live, { buckets: 3 })).toMatchObject({ malformed: 4 })
    expect(await live.profiles()).toEqual(before)
  })
})

describe('events that arrive during a replay', () => {
  const late = (id: string) => login(id, 'person-1', NOW_MS + 1000, { device: 'one', card: 'new card' })

  test.each(['collected', 'read'] as const)('are not lost when they come right behind “%s”', async (at) => {
    const { live } = await filled()
    await live.append(login('early', 'person-1', NOW_MS, { device: 'one' }))
    const [applicant, device] = keysOfEvent(live.keys, late('x')) as [string, string]
    for (const damage of ['none', 'delete', 'garble'] as const) {
      if (damage === 'delete') await live.redis.del(applicant, device)
      if (damage === 'garble') await live.redis.mset(applicant, 'garbled', device, '')
      let came = 0
      const onStep = async (step: string, names: readonly string[]) => {
        if (step !== at || (at === 'read' && !names.includes(applicant)) || came++ > 0) return
        await live.append(late(`late-${damage}-${at}`))
      }
      await run(live, {}, { onStep })
      expect(came).toBeGreaterThan(0)
      const after = await live.profiles()
      await removeAll(live)
      await run(live)
      expect(after, damage).toEqual(await live.profiles())
    }
  })

  test.each([
    ['a record', (records: Buffer) => records.subarray(0, records[0])],
    ['nothing', () => Buffer.alloc(0)]
  ])('are kept when the ingest worker folds the entity meanwhile, of which %s was left', async (_name, left) => {
    const { live, before } = await filled()
    const [lossy] = keysOfEvent(live.keys, login('x', 'person-1', 0)) as [string]
    await live.compactEntity(lossy)
    const history = createHistories()('applicant').fold(await live.redis.getBuffer(lossy), null)
    await live.redis.set(lossy, left(recordsOf(history)))
    let reads = 0
    const onStep = async (step: string, names: readonly string[]) => {
      if (step !== 'read' || !names.includes(lossy) || ++reads > 1) return
      await live.append(login('late', 'person-1', NOW_MS + 1000))
      expect(await live.compactEntity(lossy)).toBe('folded')
    }
    const { outcomes } = await run(live, {}, { onStep })
    expect(reads).toBe(2)
    expect(outcomes.overtaken).toBe(0)
    const after = await live.profiles()
    expect(after[lossy]?.length).toBeGreaterThan(before[lossy]?.length as number)
    await removeAll(live)
    await run(live)
    expect(await live.profiles()).toEqual(after)
  })

  test('give up on an entity that changes at every attempt, and say so', async () => {
    const { live } = await filled()
    const [lossy] = keysOfEvent(live.keys, login('x', 'person-1', 0)) as [string]
    await live.redis.set(lossy, 'garbled')
    let reads = 0
    const onStep = async (step: string, names: readonly string[]) => {
      if (step === 'read' && names.includes(lossy)) await live.redis.set(lossy, String.fromCharCode(200 + reads++))
    }
    const { outcomes } = await run(live, {}, { onStep })
    expect(outcomes.overtaken).toBe(1)
    expect(reads).toBe(8)
  })

  test('a decision that reads at any moment sees the old profile or the new one', async () => {
    const { live, before } = await filled()
    const [lossy] = keysOfEvent(live.keys, login('x', 'person-1', 0)) as [string]
    const damaged = packRecord(sampleEvents(1).find(({ refs }) => refs.applicant === 'person-1') as AssayEvent)
    await live.redis.set(lossy, damaged)
    const seen = new Set<string>()
    const look = async () => void seen.add((await live.redis.getBuffer(lossy))?.toString('hex') ?? 'none')
    const running = run(live)
    let isDone = false
    void running.finally(() => {
      isDone = true
    })
    while (!isDone) await look()
    await running
    await look()
    expect([...seen]).toEqual([damaged.toString('hex'), before[lossy]])
  })
})

describe('a check', () => {
  test('finds a planted difference and writes nothing', async () => {
    const { live, before } = await filled()
    expect((await run(live, { isCheck: true })).outcomes.unchanged).toBe(Object.keys(before).length)
    const names = await live.names()
    const [deleted, garbled, changed] = names as [string, string, string]
    const bytes = Buffer.from((await live.redis.getBuffer(changed)) as Buffer)
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    await live.redis.mset(garbled, 'garbled', changed, bytes)
    await live.redis.del(deleted)
    const damaged = await live.store.read(names)
    const { outcomes } = await run(live, { isCheck: true })
    expect(outcomes).toMatchObject({ created: 1, repaired: 1, rebuilt: 1, unchanged: names.length - 3 })
    expect(await live.store.read(names)).toEqual(damaged)
  })
})

describe('a log that was trimmed', () => {
  test('takes nothing from a profile that knows more', async () => {
    const { live, before } = await filled()
    for (let partition = 0; partition < 64; partition++) await live.redis.xtrim(live.keys.log(partition), 'MAXLEN', 3)
    await run(live)
    expect(await live.profiles()).toEqual(before)
  })

  test('is told apart from a whole one', async () => {
    const { live } = await filled()
    const log = createLogSource(live.streams, live.keys)
    expect(await log.isWhole()).toBe(true)
    expect(await log.estimate()).toBe(sampleEvents(1).length)
    for (let partition = 0; partition < 64; partition++) await live.redis.xtrim(live.keys.log(partition), 'MAXLEN', 3)
    expect(await log.isWhole()).toBe(false)
  })

  test('a whole one drops what it does not know, and what arrives meanwhile stays', async () => {
    const { live, before } = await filled()
    const [name] = keysOfEvent(live.keys, login('x', 'person-1', 0)) as [string]
    const intruder = sampleEvents(2)[0]
    await live.redis.append(name, packRecord(intruder as AssayEvent))
    let came = 0
    const onStep = async (step: string) => {
      if (step === 'read' && came++ === 0) await live.append(login('late', 'person-1', NOW_MS + 1000))
    }
    expect((await run(live, { isWhole: true }, { onStep })).outcomes.rebuilt).toBe(1)
    const after = await live.profiles()
    expect(after[name]).not.toBe(before[name])
    await removeAll(live)
    await run(live)
    expect(await live.profiles()).toEqual(after)
  })
})

test('an archive alone leaves what cannot be read: only the log knows what came since', async () => {
  const { live } = await filled()
  const [foreign] = (await live.names()) as [string]
  await live.redis.set(foreign, 'garbled')
  const archive: EventSource = {
    name: 'archive',
    estimate: async () => 1,
    read: async function* () {
      yield { events: sampleEvents(1), malformed: 0 }
    }
  }
  expect((await run(live, {}, { sources: [archive], log: null })).outcomes.unreadable).toBe(1)
  expect(await live.redis.get(foreign)).toBe('garbled')
})
