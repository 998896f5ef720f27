import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSlots, REQUEST_CLASSES, type RequestClass, type SlotsOptions } from '../../src/gateway/slots.ts'

const LIMIT = 16

function slotsOf(changes: Partial<SlotsOptions> = {}) {
  const clock = { nowMs: 0 }
  const slots = createSlots({
    maxInFlight: LIMIT,
    maxBurst: 0,
    monotonicMs: () => clock.nowMs,
    leastMs: () => 0,
    ...changes
  })
  const take = (tenant: string, kind: RequestClass = 'decisions', remainingMs = 1000) =>
    slots.take({ tenant, class: kind, remainingMs })
  const fill = (tenant: string, count: number, kind?: RequestClass) =>
    Array.from({ length: count }, () => take(tenant, kind)).filter((why) => why === undefined).length
  return { slots, clock, take, fill }
}

describe('who may be in progress', () => {
  test('a partner alone takes every slot and no more; a slot that is given back is taken again', () => {
    const { slots, take, fill } = slotsOf()
    expect([fill('a', 40), take('a')]).toEqual([LIMIT, 'full'])
    slots.give('a')
    expect([take('a'), take('a')]).toEqual([undefined, 'full'])
  })

  test('event posts leave a quarter of the slots to decisions, and decisions an eighth more to replays', () => {
    const { take, fill } = slotsOf()
    expect([fill('a', 40, 'events'), fill('a', 40, 'decisions'), fill('a', 40, 'replays')]).toEqual([12, 4, 2])
    expect([take('a', 'events'), take('b', 'replays')]).toEqual(['full', 'full'])
  })

  test('who has everything gives up slot after slot to another until that one has its share', () => {
    const { slots, take, fill } = slotsOf()
    fill('greedy', 100)
    expect(take('modest')).toBe('full')
    slots.give('greedy')
    expect(take('greedy')).toBe('share')
    expect(take('modest')).toBeUndefined()
    const held = { greedy: LIMIT - 1, modest: 1 }
    for (let round = 0; round < 100; round++) {
      const most = held.greedy > held.modest ? 'greedy' : 'modest'
      slots.give(most)
      held[most]--
      for (const tenant of ['greedy', 'greedy', 'modest', 'greedy'] as const)
        if (take(tenant) === undefined) held[tenant]++
    }
    expect(held).toEqual({ greedy: LIMIT / 2, modest: LIMIT / 2 })
  })

  test('what another wants no longer is kept free for it no longer than half a second', () => {
    const { slots, clock, take, fill } = slotsOf()
    fill('greedy', LIMIT)
    fill('gone', 10)
    slots.give('greedy')
    expect(take('greedy')).toBe('share')
    clock.nowMs = 501
    expect(take('greedy')).toBeUndefined()
  })

  test('a partner with few requests keeps nobody from the slots it does not use', () => {
    const { take, fill } = slotsOf()
    expect([take('small'), fill('large', 40)]).toEqual([undefined, LIMIT - 1])
  })

  test('what cannot be done before its deadline is refused at once, but for the few that would show that it can', () => {
    const { take } = slotsOf({ leastMs: () => 50 })
    const late = Array.from({ length: 6 }, () => take('a', 'decisions', 49))
    expect(late).toEqual([undefined, undefined, undefined, undefined, 'late', 'late'])
    expect(take('a', 'decisions', 50)).toBeUndefined()
    expect(take('a', 'events', 1)).toBeUndefined()
  })

  test('a stall of 150 ms at 2,000 a second refuses nobody, an overload has all but its first moments within the slots', () => {
    expect(serve({ perSecond: 2000, stallAtMs: 1000, stallMs: 150 })).toMatchObject({ refused: 0 })
    const { refused, longestMs } = serve({ perSecond: 20_000, fromMs: 500 })
    expect(refused).toBeGreaterThan(20_000)
    expect(longestMs).toBeLessThanOrEqual(192 / DECIDED_PER_MS + 1)
  })

  test('the burst is there again once nobody found all slots taken for a quarter of a second, and not before', () => {
    const { slots, clock, fill, take } = slotsOf({ maxBurst: LIMIT })
    const giveAll = () => {
      while (slots.inFlight() > 0) slots.give('a')
    }
    expect(fill('a', 40)).toBe(2 * LIMIT)
    for (clock.nowMs = 50; clock.nowMs < 250; clock.nowMs += 50) expect(take('a')).toBe('full')
    expect(take('a')).toBe('full')
    giveAll()
    clock.nowMs = 499
    expect(fill('a', 40)).toBe(LIMIT)
    giveAll()
    clock.nowMs = 749
    expect(fill('a', 40)).toBe(2 * LIMIT)
    for (let given = 0; given < LIMIT; given++) slots.give('a')
    expect([fill('a', 40, 'events'), fill('b', 40, 'replays')]).toEqual([0, LIMIT + 2])
  })

  test('an overload whose decisions end in clumps gets one burst, not one after each clump', () => {
    const { refused, longestMs } = serve({ perSecond: 20_000, fromMs: 500, clumpMs: 40 })
    expect(refused).toBeGreaterThan(20_000)
    expect(longestMs).toBeLessThanOrEqual(192 / DECIDED_PER_MS + 40)
  })

  test('whatever is asked, no class gets past its limit and nobody is held to a share unless another was refused', () => {
    const step = fc.record({
      tenant: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom(...REQUEST_CLASSES),
      gives: fc.boolean(),
      waitMs: fc.integer({ min: 0, max: 100 })
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { slots, clock, take } = slotsOf()
        const held = new Map<string, number>()
        const refusedAtMs = new Map<string, number>()
        for (const { tenant, kind, gives, waitMs } of steps) {
          clock.nowMs += waitMs
          const has = held.get(tenant) ?? 0
          if (gives && has > 0) {
            slots.give(tenant)
            held.set(tenant, has - 1)
            continue
          }
          const before = slots.inFlight()
          const ceiling = { events: 12, decisions: 16, replays: 18 }[kind]
          const why = take(tenant, kind)
          if (why === undefined) held.set(tenant, has + 1)
          else refusedAtMs.set(tenant, clock.nowMs)
          expect(why === undefined ? before < ceiling : why === 'share' || before >= ceiling).toBe(true)
          if (why === 'share') {
            const others = [...refusedAtMs].filter(([other, atMs]) => other !== tenant && clock.nowMs - atMs <= 500)
            expect(others.length).toBeGreaterThan(0)
          }
          expect(slots.inFlight()).toBe([...held.values()].reduce((sum, count) => sum + count, 0))
        }
      })
    )
  })
})

const DECIDED_PER_MS = 5

interface Service {
  readonly perSecond: number
  readonly stallAtMs?: number
  readonly stallMs?: number
  /** What was let in before counts for nothing. */
  readonly fromMs?: number
  /** Decisions end so far apart, as many at once as would have ended meanwhile. */
  readonly clumpMs?: number
}

/** Two seconds of a service that decides five thousand a second, with the slots it has by default. */
function serve({ perSecond, stallAtMs = 0, stallMs = 0, fromMs = 0, clumpMs = 1 }: Service) {
  const { slots, clock, take } = slotsOf({ maxInFlight: 192, maxBurst: 192 })
  const waiting: number[] = []
  let [refused, longestMs] = [0, 0]
  for (let nowMs = 0; nowMs < 2000; nowMs++) {
    clock.nowMs = nowMs
    for (let asked = 0; asked < perSecond / 1000; asked++)
      if (take('a') === undefined) waiting.push(nowMs)
      else refused++
    if ((nowMs >= stallAtMs && nowMs < stallAtMs + stallMs) || nowMs % clumpMs !== 0) continue
    for (const sinceMs of waiting.splice(0, DECIDED_PER_MS * clumpMs)) {
      slots.give('a')
      if (sinceMs >= fromMs) longestMs = Math.max(longestMs, nowMs - sinceMs)
    }
  }
  return { refused, longestMs }
}
