import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssayEvent, EVENT_TYPE_NAMES, type EventType } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { DAY_MS, type EventFeature, HOUR_MS } from '../../src/features/definition.ts'
import { History, MAX_PROFILE_BYTES, MAX_RETAINED } from '../../src/features/history.ts'
import { NOW_MS, naiveFeature } from './behaviour.ts'
import { arbitraryDeclarations, cases } from './declarations.ts'
import { foldAs, layoutOf, readFeatures, tailOf } from './folding.ts'
import { arbitraryLong, longHistory, randomOf } from './long-history.ts'
import { isWithinTileBound, naiveAgeMs } from './naive-window.ts'

const arbitraryTiled = arbitraryLong(MAX_RETAINED + 1, 1500)

/** A clock that may be a little behind or a good deal ahead of the newest event. */
const arbitraryNow = fc.constantFrom(-200_000, 0, 1, 12_345, HOUR_MS, 40 * DAY_MS).map((byMs) => NOW_MS + byMs)

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = randomOf(seed)
  const mixed = [...items]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = random(last + 1)
    ;[mixed[last], mixed[other]] = [mixed[other] as Item, mixed[last] as Item]
  }
  return mixed
}

describe('behind the newest 512 events', () => {
  test('a value is that of a window at most 1/64 longer, exact is exact, and anything worse is flagged', () => {
    let [exactReadings, boundedReadings] = [0, 0]
    fc.assert(
      fc.property(arbitraryDeclarations(), arbitraryTiled, arbitraryNow, (features, { events }, nowMs) => {
        const read = readFeatures(features, { profile: null, tail: tailOf(events) }, nowMs)
        const { values, exact, truncated, newestAgeMs } = read
        const wrong = features.filter((feature, index) => {
          const value = values[index] as number
          if (exact[index] === 1) {
            exactReadings++
            return !Object.is(value, naiveFeature(feature, events, nowMs))
          }
          if (truncated.length > 0 && feature.aggregation.of === 'distinct') return false
          boundedReadings++
          return !isWithinTileBound(value, feature, events, nowMs)
        })
        expect(wrong).toEqual([])
        expect([...newestAgeMs]).toEqual(features.map((feature) => naiveAgeMs(feature, events, nowMs)))
        // Only distinct values run out of room here: nothing was written, so nothing had to be given up.
        if (!features.some(({ aggregation }) => aggregation.of === 'distinct')) expect(truncated).toEqual([])
      }),
      cases(250)
    )
    expect(exactReadings).toBeGreaterThan(0)
    expect(boundedReadings).toBeGreaterThan(0)
  })

  test('any cut in order of time, and any permutation folded at once, gives the same bytes and the same values', () => {
    const cuts = fc.array(fc.nat(1500), { maxLength: 6 })
    fc.assert(
      fc.property(arbitraryDeclarations(), arbitraryTiled, cuts, (features, { events, seed }, drawn) => {
        const whole = foldAs(features, null, shuffled([...events, ...events.slice(-40)], seed)).encode()
        let profile: Buffer | null = null
        let from = 0
        for (const to of [...drawn, events.length].sort((left, right) => left - right)) {
          const repeats = events.slice(Math.max(0, from - MAX_RETAINED), from)
          profile = foldAs(features, profile, shuffled([...events.slice(from, to), ...repeats], seed)).encode()
          from = Math.max(from, to)
        }
        expect(profile).toEqual(whole)
        const half = events.length >> 1
        const state = {
          profile: foldAs(features, null, events.slice(0, half)).encode(),
          tail: tailOf(events.slice(half))
        }
        const read = readFeatures(features, state, NOW_MS)
        expect(read).toEqual(readFeatures(features, { profile: whole, tail: null }, NOW_MS))
      }),
      cases(150)
    )
  })

  test('an event that comes too late to be told from a repeat is set aside and counted', () => {
    const events = longHistory({ count: 700, spanMs: DAY_MS, seed: 1, others: 3 })
    const before = foldAs([], null, events)
    const profile = before.encode()
    const late = { ...(events[0] as AssayEvent), eventId: 'late' }
    const onHorizon = { ...late, eventId: 'on the horizon', occurredAtMs: before.horizonMs }
    const earlier = { ...(events.at(-1) as AssayEvent), occurredAtMs: before.horizonMs }
    const retained = events.slice(-MAX_RETAINED)
    const history = foldAs([], profile, [late, events[3] as AssayEvent, onHorizon, earlier, ...retained])
    expect(history.setAside).toBe(3)
    expect(history.encode()).toEqual(profile)
    expect(foldAs([], profile, retained).setAside).toBe(0)
  })

  test('distinct values are exact up to the 256 that were seen last, and flagged beyond', () => {
    const feature = declared({ aggregation: { of: 'distinct', ref: 'device' }, windowMs: 30 * DAY_MS })
    const shared = longHistory({ count: 5000, spanMs: 20 * DAY_MS, seed: 2, others: 200 })
    const read = readFeatures([feature], { profile: null, tail: tailOf(shared) }, NOW_MS)
    expect([read.values[0], read.exact[0], read.truncated]).toEqual([naiveFeature(feature, shared, NOW_MS), 1, []])
    const crowd = longHistory({ count: 20_000, spanMs: 20 * DAY_MS, seed: 3, others: 1e6 })
    const crowded = readFeatures([feature], { profile: null, tail: tailOf(crowd) }, NOW_MS)
    expect([crowded.exact[0], crowded.truncated]).toEqual([0, ['applicant']])
  })
})

describe('the bytes of a profile', () => {
  test('a typical event takes at most 32 with its share of everything, even when it shares nothing', () => {
    const applications = longHistory({ count: MAX_RETAINED, spanMs: 30 * DAY_MS, seed: 4, others: 1e6 }).map(
      asApplication
    )
    const profile = foldAs(CATALOGUE, null, applications).encode()
    expect(profile.length / MAX_RETAINED).toBeLessThanOrEqual(32)
    expect(foldAs(CATALOGUE, profile, []).size).toBe(MAX_RETAINED)
  })

  test('are at most 16 KiB, whatever the history, and what had to go is flagged', () => {
    const arbitrary = fc.record({
      count: fc.constantFrom(400, 512, 513, 3000),
      spanMs: fc.constantFrom(DAY_MS, 500 * DAY_MS),
      seed: fc.integer(),
      others: fc.constantFrom(30, 1e9),
      types: fc.constantFrom(EVENT_TYPE_NAMES, ['loan.closed' as const])
    })
    const features = fc.oneof(fc.constant(APPLICANT_FEATURES), arbitraryDeclarations())
    fc.assert(
      fc.property(features, arbitrary, (declarations, shape) => {
        const events = longHistory(shape)
        const profile = foldAs(declarations, null, events).encode()
        expect(profile.length).toBeLessThanOrEqual(MAX_PROFILE_BYTES)
        const { values, exact, truncated } = readFeatures(declarations, { profile, tail: null }, NOW_MS)
        const wrong = declarations.filter((feature, index) => {
          if (exact[index] === 1) return !Object.is(values[index], naiveFeature(feature, events, NOW_MS))
          return truncated.length === 0 && !isWithinTileBound(values[index] as number, feature, events, NOW_MS)
        })
        expect(wrong).toEqual([])
      }),
      cases(100)
    )
  })

  test('short of room, distinct values go first, then tiles of the longest windows, then the oldest whole events', () => {
    const crowd = (types: readonly EventType[]) =>
      foldAs(APPLICANT_FEATURES, null, longHistory({ count: 3000, spanMs: 500 * DAY_MS, seed: 7, others: 1e9, types }))
    const state = ({ size, tiles }: History) => ({
      size,
      cut: tiles.cutMs >= 0,
      distinct: tiles.distinct.reduce((sum, values) => sum + (values?.size ?? 0), 0)
    })
    const some = crowd(['application.submitted', 'loan.disbursed', 'repayment.received', 'loan.closed', 'auth.login'])
    const before = state(some)
    some.encode()
    expect([before.cut, before.distinct > 0]).toEqual([false, true])
    expect(state(some)).toEqual({ size: MAX_RETAINED, cut: true, distinct: 0 })
    const most = crowd(['loan.closed'])
    most.encode()
    expect(most.size).toBeLessThan(MAX_RETAINED)
  })
})

describe('a profile of another catalogue', () => {
  const events = longHistory({ count: 900, spanMs: DAY_MS, seed: 5, others: 3 })
  const [old, current] = [
    [declared({ aggregation: { of: 'count' }, windowMs: 7 * DAY_MS })],
    [HOUR_MS / 60, 7 * DAY_MS, null].map((windowMs) =>
      declared({ aggregation: { of: 'mean', field: 'termDays' }, windowMs })
    )
  ]
  const profile = foldAs(old, null, events).encode()

  test('gives windows that lie within the whole events, and flags every other', () => {
    const nowMs = (events.at(-1) as AssayEvent).occurredAtMs
    const read = readFeatures(current, { profile, tail: null }, nowMs)
    expect(read.values[0]).toBe(naiveFeature(current[0] as EventFeature, events, nowMs))
    expect([[...read.exact], read.truncated]).toEqual([[1, 0, 0], ['applicant']])
  })

  test('is not written: nothing of it may be lost', () => {
    const history = foldAs(current, profile, [])
    expect(history.isForeign).toBe(true)
    expect(() => history.encode()).toThrow('another catalogue')
  })

  test('can be adopted: then its tiles are missing until they have left every window', () => {
    const adopted = new History(layoutOf(current), { adoptForeign: true }).fold(profile, null).encode()
    const read = readFeatures(current, { profile: adopted, tail: null }, NOW_MS)
    expect([[...read.exact], read.truncated]).toEqual([[1, 0, 0], ['applicant']])
    const later = readFeatures(current, { profile: adopted, tail: null }, NOW_MS + 7 * DAY_MS)
    expect([...later.exact]).toEqual([1, 1, 0])
  })

  test('does not depend on the order of the catalogue', () => {
    expect(layoutOf(CATALOGUE.toReversed()).id).toBe(layoutOf(CATALOGUE).id)
    expect(layoutOf(old).id).not.toBe(layoutOf(current).id)
  })
})

describe('a profile of version 1', () => {
  const events = longHistory({ count: 520, spanMs: DAY_MS, seed: 6, others: 3 })
  const features = [HOUR_MS, 7 * DAY_MS].map((windowMs) => declared({ aggregation: { of: 'count' }, windowMs }))
  /** Whole events as records behind the header, and the time until which others may be missing. */
  const firstVersion = (whole: readonly AssayEvent[], missingUntilMs: number) => {
    const profile = Buffer.concat([Buffer.alloc(10), tailOf(whole)])
    profile[0] = 1
    profile.writeUIntBE(profile.length, 1, 3)
    profile.writeIntBE(missingUntilMs, 4, 6)
    return profile
  }

  test('is read, and written as one of version 2', () => {
    const profile = firstVersion(events.slice(0, 500), -1)
    expect(foldAs(features, profile, events.slice(500)).encode()).toEqual(foldAs(features, null, events).encode())
  })

  test('stays flagged where events were dropped', () => {
    const profile = firstVersion(events.slice(-MAX_RETAINED), (events[7] as AssayEvent).occurredAtMs)
    for (const stored of [profile, foldAs(features, profile, []).encode()]) {
      const { exact, truncated } = readFeatures(features, { profile: stored, tail: null }, NOW_MS)
      expect([[...exact], truncated]).toEqual([[1, 0], ['applicant']])
    }
  })
})

const APPLICANT_FEATURES = CATALOGUE.filter(
  (feature): feature is EventFeature => feature.source === 'events' && feature.entity === 'applicant'
)

function declared(feature: Pick<EventFeature, 'aggregation' | 'windowMs'>): EventFeature {
  return {
    ...feature,
    name: `of ${feature.windowMs}`,
    source: 'events',
    entity: 'applicant',
    events: ['application.submitted', 'loan.disbursed', 'auth.login'],
    whenNone: 0,
    unit: 'count',
    range: [0, 1],
    legal: [],
    meaning: ''
  }
}

function asApplication(event: AssayEvent): AssayEvent {
  const data = { applicationId: 'x', product: 'cash', amountMinor: 20_000_000, termDays: 30 }
  return { ...event, type: 'application.submitted', data }
}
