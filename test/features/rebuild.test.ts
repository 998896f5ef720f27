import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssayEvent, ENTITY_KINDS, type EntityKind } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { DAY_MS } from '../../src/features/definition.ts'
import { MAX_RETAINED } from '../../src/features/history.ts'
import { foldRecords, mergeEntity, rebuildProfiles } from '../../src/features/rebuild.ts'
import { packRecord } from '../../src/features/record.ts'
import { createRecordCollector, PLACES } from '../../src/features/record-collector.ts'
import { createHistories, readEntity } from '../../src/features/stored-entity.ts'
import { arbitraryHistory, NOW_MS } from './behaviour.ts'
import { cases } from './declarations.ts'
import { foldAs, readFeatures } from './folding.ts'
import { login, sampleEvents } from './live-behaviour.ts'
import { longHistory } from './long-history.ts'

const pack = (events: readonly AssayEvent[]) => Buffer.concat(events.map(packRecord))
const historyOf = createHistories()
const foldOf = (events: readonly AssayEvent[], kind: EntityKind = 'applicant') =>
  historyOf(kind).fold(null, pack(events)).encode()

/** The slow obvious way: for each entity one fold of the events that name it. */
function naiveProfiles(events: readonly AssayEvent[]): Record<string, string> {
  const profiles: Record<string, string> = {}
  for (const kind of ENTITY_KINDS)
    for (const token of new Set(events.map(({ refs }) => refs[kind])))
      if (token !== undefined)
        profiles[`${kind} ${token}`] = foldOf(
          events.filter(({ refs }) => refs[kind] === token),
          kind
        ).toString('hex')
  return profiles
}

const profilesOf = (events: Iterable<AssayEvent>) =>
  Object.fromEntries(
    [...rebuildProfiles(events)].map(({ entity, profile }) => [
      `${entity.kind} ${entity.token}`,
      profile.toString('hex')
    ])
  )

const logins = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => login(`l${from + index}`, 'a', NOW_MS - (from + index) * 1000))

describe('the rebuilding of profiles', () => {
  test('gives every entity the fold of the events that name it, in any order and with any repeats', () => {
    fc.assert(
      fc.property(arbitraryHistory(40), fc.nat(40), (events, repeats) => {
        const expected = naiveProfiles(events)
        expect(profilesOf([...events, ...events.slice(0, repeats)].reverse())).toEqual(expected)
      }),
      cases(100)
    )
  })

  test('of a crowded entity is the same in parts as at once, whatever the order, with repeats and equal times', () => {
    const crowd = [...logins(9000), ...logins(50, 700), ...logins(5, 8990)]
    const sameTime = Array.from({ length: 4100 }, (_, index) => login(`s${index}`, 'a', NOW_MS - 300_000))
    for (const events of [crowd, crowd.toReversed(), [...crowd, ...sameTime], sameTime])
      expect(foldRecords(historyOf('applicant'), pack(events)).equals(foldOf(events))).toBe(true)
  })
})

describe('the merge of log and entity', () => {
  const merge = (value: Buffer, events: readonly AssayEvent[]) =>
    mergeEntity(historyOf('applicant'), value, pack(events))

  test('has what either knows: records that are folded, records behind the fold, events of the log', () => {
    const events = logins(30)
    const value = Buffer.concat([foldOf(events.slice(0, 12)), pack(events.slice(12, 20))])
    expect(merge(value, events.slice(8))).toEqual(foldOf(events))
    expect(merge(pack(events.slice(0, 20)), events.slice(20))).toEqual(foldOf(events))
  })

  test('believes the log where both know an event', () => {
    const events = logins(5)
    const value = foldOf(events)
    const wrong = events.map((event) => ({ ...event, occurredAtMs: event.occurredAtMs - 999_999 }))
    expect(merge(foldOf(wrong), events)).toEqual(value)
  })

  test('keeps what a fold says of events that it no longer holds', () => {
    const events = logins(MAX_RETAINED + 40)
    const value = foldOf(events)
    expect(merge(value, events.slice(0, 10))).toEqual(value)
    expect(merge(value, events), 'what is a tile already counts once').toEqual(value)
  })

  test.each([
    ['a version that is not known', Buffer.from([9, 0, 0, 10, 0, 0, 0, 0, 0, 0])],
    ['a cut record', packRecord(login('x', 'a', NOW_MS)).subarray(0, 19)],
    ['a record shorter than any', Buffer.concat([foldOf(logins(1)), Buffer.from([17, 0, 0])])]
  ])('does not read %s', (_name, value) => {
    expect(merge(value, logins(3))).toBeUndefined()
    expect(readEntity(historyOf('applicant'), value)).toBe(false)
  })
})

describe('the collector of records', () => {
  const collectorOf = (from: number, to: number, maxBytes = 100_000_000) =>
    createRecordCollector({ from, to, maxBytes })

  test('of two ranges that touch holds each entity once', () => {
    const events = sampleEvents(3)
    const named = (from: number, to: number) => {
      const collector = collectorOf(from, to)
      for (const event of events) expect(collector.add(event)).toBe(true)
      return collector.entities().map(({ kind, token }) => `${kind} ${token}`)
    }
    const middle = PLACES / 3
    const [low, high] = [named(0, middle), named(middle, PLACES)]
    expect(low.length).toBeGreaterThan(0)
    expect(high.length).toBeGreaterThan(0)
    expect([...low, ...high].sort()).toEqual(Object.keys(naiveProfiles(events)).sort())
  })

  test('takes the entities of some partitions alone', () => {
    const all = collectorOf(0, PLACES)
    for (const event of sampleEvents(3)) all.add(event)
    const parts = Array.from({ length: 64 }, (_, partition) => {
      const collector = createRecordCollector({
        from: 0,
        to: PLACES,
        partitions: new Set([partition]),
        maxBytes: 100_000_000
      })
      for (const event of sampleEvents(3)) collector.add(event)
      return collector.size()
    })
    expect(parts.reduce((sum, size) => sum + size, 0)).toBe(all.size())
  })

  test('says when it is full', () => {
    const collector = collectorOf(0, PLACES, 3_000_000)
    const taken = Array.from({ length: 50_000 }, (_, index) => collector.add(login(`e${index}`, `a${index}`, NOW_MS)))
    expect(taken[0]).toBe(true)
    expect(taken.at(-1)).toBe(false)
  })
})

test('tiles of another catalogue, made anew from a log that was trimmed, say what may be missing', () => {
  const events = longHistory({ count: 1500, spanMs: 300 * DAY_MS, seed: 1, others: 3 })
  const nowMs = (events.at(-1) as AssayEvent).occurredAtMs
  const foreign = foldAs([], null, events).encode()
  const profile = mergeEntity(historyOf('applicant'), foreign, pack(events.slice(-600))) as Buffer
  const merged = readFeatures(CATALOGUE, { profile, tail: null }, nowMs)
  const truth = readFeatures(CATALOGUE, { profile: null, tail: pack(events) }, nowMs)
  const wrong = merged.values.filter((value, at) => merged.exact[at] === 1 && !Object.is(value, truth.values[at]))
  expect([[...wrong], merged.truncated]).toEqual([[], ['applicant']])
  expect(mergeEntity(historyOf('applicant'), profile, pack(events.slice(-600)))).toEqual(profile)
})
