import { describe, expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { type AssayEvent, ENTITY_KINDS } from '../../src/domain/event.ts'
import { hash32 } from '../../src/domain/hash.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { type EraseDeps, eraseApplicant } from '../../src/features/erase.ts'
import { type History, MAX_RETAINED } from '../../src/features/history.ts'
import { createHistories } from '../../src/features/stored-entity.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { entityKindOf } from '../../src/redis/keys.ts'
import { readStored } from '../redis/stored.ts'
import { NOW_MS } from './behaviour.ts'
import { keysOfEvent, type LiveBehaviour, liveBehaviour, login, sampleEvents } from './live-behaviour.ts'

const PERSON = 'person-2'
/** Whom they share devices and addresses with. */
const OTHERS = ['person-0', 'person-1', 'person-3']

function erase(
  live: LiveBehaviour,
  { isDryRun = false, onStep }: { isDryRun?: boolean; onStep?: EraseDeps['onStep'] } = {}
) {
  const { streams, store, keys } = live
  const deps = { streams, store, keys, pace: async () => {}, onProgress: () => {}, ...(onStep && { onStep }) }
  return eraseApplicant(deps, { tenant: 't', token: PERSON, isDryRun })
}

async function filled(seed = 1) {
  const live = await liveBehaviour()
  const events = sampleEvents(seed)
  await live.append(...events)
  await live.append(login('own', PERSON, NOW_MS, { phone: 'theirs alone', card: 'theirs alone' }))
  await live.compactSome()
  return { live, events }
}

/** Keys and values that hold a token or its hash, wherever they lie. */
/** What a person owes and owed is no behaviour: like decisions it is kept as long as the law asks (docs/redis.md). */
const ACCOUNTS = /:(exposure|loan|applicant-loans|loan-place|loans-due)(:|$)/

async function traces(live: LiveBehaviour, token: string): Promise<string[]> {
  const hash = Buffer.alloc(4)
  hash.writeUInt32BE(hash32(token, 0))
  const stored = await readStored(live.redis, live.prefix)
  return [...stored]
    .filter(([key, value]) => `${key} ${value}`.includes(token) || value.includes(hash.toString('latin1')))
    .map(([key]) => key)
    .filter((key) => !ACCOUNTS.test(key))
}

const foldOf = async (live: LiveBehaviour, key: string): Promise<History> =>
  createHistories()(entityKindOf(key)).fold(await live.redis.getBuffer(key), null)

describe('the erasure of an applicant', () => {
  test('leaves no trace of the token or its hash in any key or value', async () => {
    const { live } = await filled()
    expect((await traces(live, PERSON)).length).toBeGreaterThan(8)
    const summary = await erase(live)
    expect(await traces(live, PERSON)).toEqual([])
    expect(summary).toMatchObject({ isComplete: true, arrived: 0, overtaken: 0, unreadable: 0 })
    expect(summary.logEntries).toBeGreaterThan(10)
    expect(summary.rewritten).toBeGreaterThan(5)
    expect(summary.records).toBeGreaterThan(summary.rewritten)
  })

  test('finds the person in shared entities when the log is trimmed and the own entity is gone', async () => {
    const { live } = await filled()
    for (let partition = 0; partition < 64; partition++) await live.redis.del(live.keys.log(partition))
    await live.redis.del(live.keys.entity('applicant', PERSON))
    expect(await erase(live)).toMatchObject({ isComplete: true, logEntries: 0 })
    expect(await traces(live, PERSON)).toEqual([])
  })

  test('changes nothing of others: their entities bit for bit, shared ones as if the person had never been', async () => {
    const { live, events } = await filled()
    const own = async () =>
      Promise.all(
        OTHERS.map(async (other) => (await live.redis.getBuffer(live.keys.entity('applicant', other)))?.toString('hex'))
      )
    const before = await own()
    const logged = async () => (await readStored(live.redis, live.prefix)).size
    const streams = await logged()
    await erase(live)
    expect(await own()).toEqual(before)
    expect(before.every((value) => value !== undefined)).toBe(true)
    expect(streams - (await logged()), 'the applicant, a phone, a card and an empty log at most').toBeLessThanOrEqual(4)

    const without = await liveBehaviour()
    await without.append(...events.filter(({ refs }) => refs.applicant !== PERSON))
    const { compute } = createFeatureSet(CATALOGUE.filter(({ source }) => source === 'events'))
    const valuesOf = async (of: LiveBehaviour, key: string) => {
      const profile = await of.redis.getBuffer(key)
      const states = ENTITY_KINDS.map((kind) => (kind === entityKindOf(key) ? { profile, tail: null } : null))
      return compute({} as Application, states, NOW_MS).values
    }
    for (const event of events.filter(({ refs }) => OTHERS.includes(refs.applicant))) {
      for (const [index, key] of keysOfEvent(live.keys, event).entries()) {
        const [left, right] = [
          await foldOf(live, key),
          await foldOf(without, keysOfEvent(without.keys, event)[index] as string)
        ]
        const other = keysOfEvent(without.keys, event)[index] as string
        expect(await valuesOf(live, key)).toEqual(await valuesOf(without, other))
        expect(left.encode()).toEqual(right.encode())
      }
    }
  })

  test('a repeat finds nothing and writes nothing', async () => {
    const { live } = await filled()
    await erase(live)
    const before = await readStored(live.redis, live.prefix)
    expect(await erase(live)).toEqual({
      logEntries: 0,
      rewritten: 0,
      removed: 0,
      records: 0,
      arrived: 0,
      overtaken: 0,
      unreadable: 0,
      isComplete: true
    })
    expect(await readStored(live.redis, live.prefix)).toEqual(before)
  })

  test('a dry run tells what would go and writes nothing', async () => {
    const { live } = await filled()
    const before = await readStored(live.redis, live.prefix)
    const told = await erase(live, { isDryRun: true })
    expect(await readStored(live.redis, live.prefix)).toEqual(before)
    expect(await erase(live)).toEqual(told)
  })

  test('one that is killed anywhere is finished by the next', async () => {
    for (const at of [1, 2, 3, 4]) {
      const { live } = await filled()
      let steps = 0
      const kill = async () => {
        if (++steps === at) throw new Error('killed')
      }
      await expect(erase(live, { onStep: kill })).rejects.toThrow('killed')
      expect((await erase(live)).isComplete).toBe(true)
      expect(await traces(live, PERSON)).toEqual([])
    }
  })
})

describe('while the service serves', () => {
  const shared = { device: 'one', ip: 'new ip' }

  test.each(['log', 'read', 'entities'] as const)(
    'an event that arrives behind “%s” is reported and erased',
    async (at) => {
      const { live } = await filled()
      let came = 0
      const onStep = async (step: string, names: readonly string[]) => {
        const device = live.keys.entity('device', 'one')
        if (step !== at || (at === 'read' && !names.includes(device)) || came++ > 0) return
        await live.append(login('late', PERSON, NOW_MS + 1, shared), login('other', 'person-1', NOW_MS + 1, shared))
      }
      const summary = await erase(live, { onStep })
      expect(came).toBeGreaterThan(0)
      expect(summary).toMatchObject({ arrived: 1, isComplete: true })
      expect(await traces(live, PERSON)).toEqual([])
      expect((await foldOf(live, live.keys.entity('ip', 'new ip'))).size, 'what another did is kept').toBe(1)
    }
  )

  test('events that go on arriving are told, and that it is not complete', async () => {
    const { live } = await filled()
    let came = 0
    const onStep = async (step: string) => {
      if (step === 'entities') await live.append(login(`late-${came++}`, PERSON, NOW_MS + came, shared))
    }
    expect(await erase(live, { onStep })).toMatchObject({ arrived: 3, isComplete: false })
    expect(await erase(live)).toMatchObject({ isComplete: true })
    expect(await traces(live, PERSON)).toEqual([])
  })
})

test('an entity that cannot be read is told: nobody knows whose records it holds', async () => {
  const { live } = await filled()
  await live.redis.set(live.keys.entity('device', 'one'), 'garbled')
  expect(await erase(live)).toMatchObject({ unreadable: 1, isComplete: false })
})

test('a crowded entity keeps saying how far back it is whole', async () => {
  const live = await liveBehaviour()
  const crowd: AssayEvent[] = Array.from({ length: MAX_RETAINED + 30 }, (_, index) =>
    login(`c${index}`, index % 3 === 0 ? PERSON : 'person-0', NOW_MS - index * 1000, { device: 'crowded' })
  )
  await live.append(...crowd)
  const key = live.keys.entity('device', 'crowded')
  await live.compactEntity(key)
  const before = await foldOf(live, key)
  const { horizonMs } = before
  await erase(live)
  const after = await foldOf(live, key)
  expect(after.horizonMs).toBe(horizonMs)
  expect(after.size).toBe(crowd.slice(0, MAX_RETAINED).filter(({ refs }) => refs.applicant !== PERSON).length)
})
