import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AssayEvent } from '../../src/domain/event.ts'
import { compileAggregate } from '../../src/features/aggregate.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { EventFeature } from '../../src/features/definition.ts'
import { History, MAX_RETAINED } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { arbitraryHistory, NOW_MS, naiveFeature } from './behaviour.ts'

const EVENT_FEATURES = CATALOGUE.filter((feature): feature is EventFeature => feature.source === 'events')
const tailOf = (events: readonly AssayEvent[]) => Buffer.concat(events.map(packRecord))
const fold = (profile: Buffer | null, events: readonly AssayEvent[]) => new History().fold(profile, tailOf(events))

/** Distinct event times, so that “last” has one answer; ties are ordered by id hash, which the oracle does not know. */
const withDistinctTimes = (events: readonly AssayEvent[]) =>
  events.filter((event, index) => events.findIndex(({ occurredAtMs }) => occurredAtMs === event.occurredAtMs) === index)

describe('the fold of an entity’s events', () => {
  test('gives every feature of the catalogue the value of the slow obvious computation, to the bit', () => {
    const aggregates = EVENT_FEATURES.map((feature) => ({ feature, aggregate: compileAggregate(feature) }))
    fc.assert(
      fc.property(arbitraryHistory(40), (drawn) => {
        const events = withDistinctTimes(drawn)
        const history = fold(null, events)
        for (const { feature, aggregate } of aggregates) {
          expect(aggregate(history, NOW_MS), feature.name).toBe(naiveFeature(feature, events, NOW_MS))
        }
      }),
      { numRuns: 300 }
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
        const whole = fold(null, events).encode()
        const first = fold(null, order.slice(0, split)).encode()
        expect(fold(first, order.slice(split)).encode()).toEqual(whole)
      }),
      { numRuns: 300 }
    )
  })

  test('keeps the newest 512 events whole and says how far back they reach', () => {
    const events: AssayEvent[] = Array.from({ length: MAX_RETAINED + 88 }, (_, index) => ({
      eventId: `login-${index}`,
      type: 'auth.login',
      occurredAtMs: NOW_MS - index * 1000,
      tenant: 't',
      refs: { applicant: 'a' },
      data: {}
    }))
    const history = fold(null, events)
    expect(history.size).toBe(MAX_RETAINED)
    expect(history.truncatedBeforeMs).toBe(NOW_MS - MAX_RETAINED * 1000)
    const again = fold(fold(null, events.toReversed()).encode(), events.slice(500))
    expect(again.encode()).toEqual(history.encode())
  })

  test('a repeated id with another time counts once, at the earlier time, whichever came first', () => {
    const event = (occurredAtMs: number): AssayEvent => ({
      eventId: 'same',
      type: 'auth.login',
      occurredAtMs,
      tenant: 't',
      refs: { applicant: 'a' },
      data: {}
    })
    const one = fold(null, [event(NOW_MS), event(NOW_MS - 5)])
    const other = fold(null, [event(NOW_MS - 5), event(NOW_MS)])
    expect([one.size, one.atMs[one.order[0] as number]]).toEqual([1, NOW_MS - 5])
    expect(other.encode()).toEqual(one.encode())
  })

  test('a profile stays under 32 KiB and a repayment takes at most 32 bytes', () => {
    fc.assert(
      fc.property(arbitraryHistory(200), (events) => {
        for (const event of events) {
          const { length } = packRecord(event)
          if (event.type === 'repayment.received' && Object.keys(event.refs).length === 1) {
            expect(length).toBeLessThanOrEqual(35)
          }
        }
        expect(fold(null, events).encode().length).toBeLessThan(32 * 1024)
      }),
      { numRuns: 50 }
    )
  })

  test.each([
    ['a foreign version', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])],
    ['a cut record', fold(null, []).encode()]
  ])('%s is refused with a RangeError, not misread', (_name, bytes) => {
    const cut = Buffer.concat([bytes, packRecord(sample()).subarray(0, 20)])
    expect(() => new History().fold(cut, null)).toThrow(RangeError)
  })
})

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
