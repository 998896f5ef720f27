import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { EventFeature } from '../../src/features/definition.ts'
import { History, MAX_RETAINED } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { arbitraryHistory, NOW_MS, naiveFeature } from './behaviour.ts'
import { arbitraryDeclarations, cases, WINDOWS_MS } from './declarations.ts'
import { foldAs, readFeatures, tailOf } from './folding.ts'
import { arbitraryLong } from './long-history.ts'
import { naiveAgeMs } from './naive-window.ts'

const EVENT_FEATURES = CATALOGUE.filter((feature): feature is EventFeature => feature.source === 'events')

/** Distinct event times, so that “last” has one answer; ties are ordered by id hash, which the oracle does not know. */
const withDistinctTimes = (events: readonly AssayEvent[]) => {
  const times = new Set<number>()
  return events.filter(({ occurredAtMs }) => !times.has(occurredAtMs) && times.add(occurredAtMs))
}

/** The same events, most of them a millisecond before, on or after the far edge of a window. */
const atTheEdges = (events: readonly AssayEvent[]) => {
  const edge = fc.record({ edgeMs: fc.constantFrom(...WINDOWS_MS), by: fc.integer({ min: -1, max: 1 }) })
  const places = fc.array(fc.option(edge, { freq: 3 }), { minLength: events.length, maxLength: events.length })
  return places.map((drawn) =>
    events.map((event, index) => {
      const place = drawn[index]
      return place ? { ...event, occurredAtMs: NOW_MS - place.edgeMs + place.by } : event
    })
  )
}

describe('the fold of an entity’s events', () => {
  test('gives every feature of the catalogue the value of the slow obvious computation, to the bit', () => {
    const features = EVENT_FEATURES.filter(({ entity }) => entity === 'applicant')
    fc.assert(
      fc.property(arbitraryHistory(40), (drawn) => {
        const events = withDistinctTimes(drawn)
        const { values, exact, truncated } = readFeatures(features, { profile: null, tail: tailOf(events) }, NOW_MS)
        expect([...values]).toEqual(features.map((feature) => naiveFeature(feature, events, NOW_MS)))
        expect([exact.includes(0), truncated]).toEqual([false, []])
      }),
      cases(300)
    )
  })

  test('gives every aggregation over every selection and window that value, on both edges to the millisecond', () => {
    fc.assert(
      fc.property(
        arbitraryDeclarations(),
        arbitraryHistory(14).chain(atTheEdges),
        fc.nat(14),
        (features, drawn, split) => {
          const events = withDistinctTimes(drawn)
          const profile = foldAs(features, null, events.slice(0, split)).encode()
          const state = { profile, tail: tailOf(events.slice(split)) }
          const { values, exact, newestAgeMs } = readFeatures(features, state, NOW_MS)
          expect([...values]).toEqual(features.map((feature) => naiveFeature(feature, events, NOW_MS)))
          expect([...newestAgeMs]).toEqual(features.map((feature) => naiveAgeMs(feature, events, NOW_MS)))
          expect(exact).not.toContain(0)
        }
      ),
      cases(2500)
    )
  })

  test('is as exact at 512 events', () => {
    const arbitraryFull = arbitraryLong(MAX_RETAINED, MAX_RETAINED)
    fc.assert(
      fc.property(arbitraryDeclarations(), arbitraryFull, (features, { events }) => {
        const profile = foldAs(features, null, events).encode()
        const { values, exact } = readFeatures(features, { profile, tail: null }, NOW_MS)
        expect([...values]).toEqual(features.map((feature) => naiveFeature(feature, events, NOW_MS)))
        expect(exact).not.toContain(0)
      }),
      cases(40)
    )
  })

  test('gives the same bytes for any permutation, duplication and split of a history', () => {
    const shuffled = arbitraryHistory(30).chain((events) =>
      fc.tuple(
        fc.constant(events),
        fc.shuffledSubarray([...events, ...events.slice(0, 5)], {
          minLength: events.length + Math.min(5, events.length)
        }),
        fc.nat(events.length + 5)
      )
    )
    fc.assert(
      fc.property(shuffled, ([events, order, split]) => {
        const whole = foldAs([], null, events).encode()
        const first = foldAs([], null, order.slice(0, split)).encode()
        expect(foldAs([], first, order.slice(split)).encode()).toEqual(whole)
      }),
      cases(1500)
    )
  })

  test('a profile that was read and written again has the same bytes, however long', () => {
    fc.assert(
      fc.property(arbitraryLong(1, 4 * MAX_RETAINED), ({ events }) => {
        const profile = foldAs(CATALOGUE, null, events).encode()
        expect(foldAs(CATALOGUE, profile, []).encode()).toEqual(profile)
      }),
      cases(40)
    )
  })

  test('a repeated id with another time counts once, at the earlier time, whichever came first', () => {
    const event = (occurredAtMs: number): AssayEvent => ({ ...sample(), eventId: 'same', occurredAtMs })
    const one = foldAs([], null, [event(NOW_MS), event(NOW_MS - 5)])
    const other = foldAs([], null, [event(NOW_MS - 5), event(NOW_MS)])
    expect([one.size, one.rows.atMs[one.order[0] as number]]).toEqual([1, NOW_MS - 5])
    expect(other.encode()).toEqual(one.encode())
  })

  test('an event of an unknown type is kept and stepped over', () => {
    const unknown = packRecord(sample())
    unknown[1] = 200
    const history = new History().fold(null, Buffer.concat([unknown, packRecord({ ...sample(), eventId: 'other' })]))
    expect(new History().fold(history.encode(), null).size).toBe(2)
  })

  test.each([
    ['a foreign version', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])],
    ['a length beyond the bytes', Buffer.from([2, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['a cut record', Buffer.concat([foldAs([], null, []).encode(), packRecord(sample()).subarray(0, 20)])],
    ['a cut profile', cutShort(foldAs([], null, [sample()]).encode())]
  ])('%s is refused with a RangeError, not misread', (_name, bytes) => {
    expect(() => new History().fold(bytes, null)).toThrow(RangeError)
  })
})

/** A profile without its last byte, whose own length agrees. */
function cutShort(profile: Buffer): Buffer {
  const short = profile.subarray(0, -1)
  short.writeUIntBE(short.length, 1, 3)
  return short
}

function sample(): AssayEvent {
  return {
    eventId: 'e',
    type: 'auth.login',
    occurredAtMs: NOW_MS,
    tenant: 't',
    refs: { applicant: 'a', device: 'd' },
    data: {}
  }
}
