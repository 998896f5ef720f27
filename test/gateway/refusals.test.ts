import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRefusalPacer } from '../../src/gateway/refusals.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function pacerOf(maxHeld = 1000) {
  const sentAtMs: number[] = []
  const startMs = performance.now()
  const pacer = createRefusalPacer({
    atOncePerSecond: 1000,
    holdMs: 200,
    maxHeld,
    monotonicMs: () => performance.now()
  })
  const send = (count: number) => {
    for (let sent = 0; sent < count; sent++) pacer.send(() => sentAtMs.push(performance.now() - startMs))
  }
  return { pacer, send, sentAtMs }
}

test('few refusals are answered at once', () => {
  const { send, sentAtMs } = pacerOf()
  for (let step = 0; step < 100; step++) {
    send(1)
    vi.advanceTimersByTime(1)
  }
  expect(sentAtMs).toEqual(Array.from({ length: 100 }, (_, step) => step))
})

test('beyond that each is held for a while and answered in its turn, none is lost and no timer is left', () => {
  const { send, sentAtMs } = pacerOf()
  send(300)
  expect(sentAtMs).toHaveLength(10)
  vi.advanceTimersByTime(199)
  expect(sentAtMs).toHaveLength(10)
  vi.advanceTimersByTime(11)
  expect(sentAtMs).toHaveLength(300)
  expect(sentAtMs.every((atMs) => atMs === 0 || (atMs >= 200 && atMs <= 210))).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})

test('no more are held than the limit, and none past the end', () => {
  const { pacer, send, sentAtMs } = pacerOf(50)
  send(300)
  expect(sentAtMs).toHaveLength(250)
  pacer.flush()
  expect([sentAtMs.length, vi.getTimerCount()]).toEqual([300, 0])
})
