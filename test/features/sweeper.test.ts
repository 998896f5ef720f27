import { describe, expect, test } from 'vitest'
import { ENTITY_KINDS } from '../../src/domain/event.ts'
import { hash32 } from '../../src/domain/hash.ts'
import type { EntityStore } from '../../src/features/entity-store.ts'
import { MAX_RETAINED } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { createHistories } from '../../src/features/stored-entity.ts'
import { createSweeper } from '../../src/features/sweeper.ts'
import { readStored } from '../redis/stored.ts'
import { NOW_MS } from './behaviour.ts'
import { keysOfEvent, type LiveBehaviour, liveBehaviour, login } from './live-behaviour.ts'

const DAY_MS = 86_400_000
const IDLE_MS = 400 * DAY_MS

/** A sweeper and its clock; `sweep` steps until every key was looked at. */
function sweeperOf(live: LiveBehaviour, wrap: (store: EntityStore) => EntityStore = (store) => store) {
  const time = { nowMs: NOW_MS, monotonicMs: 0 }
  const scans = { done: 0, keys: [] as number[] }
  const expired: number[] = []
  const store: EntityStore = {
    ...live.store,
    scan: async (cursor, pattern, count) => {
      const found = await live.store.scan(cursor, pattern, count)
      scans.keys.push(count)
      if (found.next === '0') scans.done++
      return found
    }
  }
  const sweeper = createSweeper({
    store: wrap(store),
    keys: live.keys,
    idleMs: IDLE_MS,
    clock: { nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs },
    onExpired: (entities) => void expired.push(entities)
  })
  const sweep = async () => {
    const until = scans.done + 1
    for (let step = 0; scans.done < until; step++) {
      expect(step, 'the sweep ends').toBeLessThan(1_000_000)
      time.monotonicMs += 1000
      await sweeper.step()
    }
  }
  const sum = () => expired.reduce((all, each) => all + each, 0)
  return { sweeper, sweep, time, scans, expiredSum: sum }
}

describe('the sweeper', () => {
  test('removes entities whose newest event is older than the limit, folded or not, and no other', async () => {
    const live = await liveBehaviour()
    await live.append(login('old', 'gone', NOW_MS - IDLE_MS - 1, { device: 'shared', card: 'gone too' }))
    await live.append(login('new', 'there', NOW_MS - IDLE_MS, { device: 'shared' }))
    await live.append(login('older', 'there', NOW_MS - 3 * IDLE_MS))
    await live.compactSome()
    const { sweep, expiredSum } = sweeperOf(live)
    await sweep()
    expect(await live.names()).toEqual(
      [...new Set(keysOfEvent(live.keys, login('', 'there', 0, { device: 'shared' })))].sort()
    )
    expect(expiredSum()).toBe(2)
  })

  test('knows the age of what an entity says of events that it no longer holds', async () => {
    const live = await liveBehaviour()
    const atMs = NOW_MS - IDLE_MS + 5
    const crowd = Array.from({ length: MAX_RETAINED + 1 }, (_, index) => login(`c${index}`, 'person', atMs))
    const name = live.keys.entity('device', 'crowded')
    const history = createHistories()('device').fold(null, Buffer.concat(crowd.map(packRecord)))
    const person = ENTITY_KINDS.indexOf('applicant')
    expect(history.forget(person, hash32('person', 0))).toBeGreaterThanOrEqual(MAX_RETAINED)
    await live.redis.set(name, history.encode())
    const { sweep, time } = sweeperOf(live)
    await sweep()
    expect(await live.names()).toEqual([name])
    time.nowMs += 6
    await sweep()
    expect(await live.names()).toEqual([])
  })

  test('lets time do it: what is kept today goes when the clock says so', async () => {
    const live = await liveBehaviour()
    await live.append(login('e', 'person', NOW_MS - IDLE_MS + 5))
    const { sweep, time } = sweeperOf(live)
    await sweep()
    expect(await live.names()).toHaveLength(1)
    time.nowMs += 6
    await sweep()
    expect(await live.names()).toEqual([])
  })

  test('keeps an entity to which something is appended between the look and the removal', async () => {
    const live = await liveBehaviour()
    await live.append(login('old', 'person', NOW_MS - 2 * IDLE_MS))
    const late = login('late', 'person', NOW_MS)
    const { sweep, expiredSum } = sweeperOf(live, (store) => ({
      ...store,
      remove: async (name, before) => {
        await live.append(late)
        return store.remove(name, before)
      }
    }))
    await sweep()
    expect(await live.profiles()).toMatchObject({ [keysOfEvent(live.keys, late)[0] as string]: expect.any(String) })
    expect(expiredSum()).toBe(0)
  })

  test('leaves what it cannot read, and everything that is no entity', async () => {
    const live = await liveBehaviour()
    await live.append(login('old', 'person', NOW_MS - 2 * IDLE_MS))
    const [name] = (await live.names()) as [string]
    await live.redis.set(name, 'garbled')
    await live.redis.set(live.keys.decision(3, 't', 'some'), 'decision')
    const before = await readStored(live.redis, live.prefix)
    await sweeperOf(live).sweep()
    expect(before.size).toBeGreaterThan(2)
    expect(await readStored(live.redis, live.prefix)).toEqual(before)
  })

  test('takes one small step a second, however often it is called', async () => {
    const live = await liveBehaviour()
    const { sweeper, scans, time } = sweeperOf(live, (store) => ({ ...store, size: async () => 10_000_000 }))
    for (let call = 0; call < 5; call++) await sweeper.step()
    expect(scans.keys).toEqual([116])
    time.monotonicMs += 999
    await sweeper.step()
    expect(scans.keys).toHaveLength(1)
    time.monotonicMs += 1
    await sweeper.step()
    expect(scans.keys).toHaveLength(2)
  })

  test.each([
    [0, 16],
    [1_000_000_000, 200]
  ])('a step of a Redis with %i keys looks at %i', async (size, expected) => {
    const live = await liveBehaviour()
    const { sweeper, scans } = sweeperOf(live, (store) => ({ ...store, size: async () => size }))
    await sweeper.step()
    expect(scans.keys).toEqual([expected])
  })
})
