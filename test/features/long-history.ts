import fc from 'fast-check'
import { type AssayEvent, EVENT_TYPE_NAMES, type EventType } from '../../src/domain/event.ts'
import { DAY_MS, HOUR_MS } from '../../src/features/definition.ts'
import { NOW_MS } from './behaviour.ts'

/** A small deterministic generator (mulberry32): thousands of events a case are too many to draw one by one. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

export interface LongHistory {
  readonly count: number
  readonly spanMs: number
  readonly seed: number
  /** Different devices, addresses, phones and cards. */
  readonly others: number
  readonly types?: readonly EventType[]
}

/** Events of one applicant with different times, oldest first, denser towards now. */
export function longHistory({ count, spanMs, seed, others, types = EVENT_TYPE_NAMES }: LongHistory): AssayEvent[] {
  const random = randomOf(seed)
  const times = new Set<number>()
  while (times.size < count) times.add(NOW_MS - Math.floor((random(1e6) / 1e6) ** 3 * spanMs) - random(count * 4))
  return [...times]
    .sort((left, right) => left - right)
    .map((occurredAtMs, index) => {
      const type = types[random(types.length)] as EventType
      const other = () => `other-${random(others)}`
      const refs = { applicant: 'a', device: other(), ip: other(), phone: other(), card: other() }
      const data = dataOf(type, random, occurredAtMs)
      return { eventId: `e${seed}-${index}`, type, occurredAtMs, tenant: 't', refs, data }
    })
}

/** From `min` to `max` of them, over an hour to a year and a half. */
export function arbitraryLong(min: number, max: number): fc.Arbitrary<{ seed: number; events: AssayEvent[] }> {
  return fc
    .record({
      count: fc.integer({ min, max }),
      spanMs: fc.constantFrom(HOUR_MS, DAY_MS, 30 * DAY_MS, 500 * DAY_MS),
      seed: fc.integer(),
      others: fc.constantFrom(3, 40)
    })
    .map((shape) => ({ seed: shape.seed, events: longHistory(shape) }))
}

/** A superset of what the types read: the schemas are checked elsewhere. */
function dataOf(type: EventType, random: (below: number) => number, atMs: number): object {
  const amountMinor = (1 + random(100)) * 5000
  const dueAtMs = atMs + (10 - random(20)) * 86_400_000
  return {
    field: 'phone',
    amountMinor,
    principalMinor: amountMinor,
    termDays: 1 + random(90),
    dueAtMs,
    disbursedAtMs: dueAtMs - random(90) * 86_400_000 - random(1e6),
    ...(type === 'repayment.received' && random(2) === 0 && { amountMinor: undefined })
  }
}
