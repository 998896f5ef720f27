import { expect, onTestFinished, test, vi } from 'vitest'
import { follow } from '../../src/serving/follow.ts'

/** What is there changes with `there`; what was taken is told in order. */
function following(take: (now: string) => void | Promise<void> = () => {}) {
  const state = { there: 'a', nowMs: 0, taken: [] as string[], faults: 0 }
  const { look, close } = follow({
    stampOf: async () => state.there,
    seen: 'a',
    take: async () => {
      const now = state.there
      await take(now)
      state.taken.push(now)
    },
    onFault: () => state.faults++,
    nowMs: () => state.nowMs
  })
  onTestFinished(close)
  return { state, look, close }
}

test('a change is taken once, and what was in force at the start is not taken again', async () => {
  const { state, look } = following()
  await look()
  state.there = 'b'
  await look()
  await look()
  expect(state.taken).toEqual(['b'])
})

test('what changed while it was taken is taken again, even where it is then what was there before', async () => {
  const { state, look } = following((now) => {
    if (now === 'b') state.there = 'c'
  })
  state.there = 'b'
  await look()
  state.there = 'b'
  state.taken.length = 0
  await look()
  expect(state.taken).toEqual(['b'])
})

test('what failed is told, and tried again after five seconds or once it is another', async () => {
  const { state, look } = following((now) => {
    if (now === 'broken') throw new Error('broken')
  })
  state.there = 'broken'
  await look()
  await look()
  expect(state.faults).toBe(1)
  state.nowMs = 5000
  await look()
  expect(state.faults).toBe(2)
  state.there = 'c'
  await look()
  expect([state.taken, state.faults]).toEqual([['c'], 2])
})

test('there is one look at a time, and closing waits for it', async () => {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  const take = vi.fn(() => held)
  const { state, look, close } = following(take)
  state.there = 'b'
  const looks = [look(), look()]
  await vi.waitFor(() => expect(take).toHaveBeenCalledTimes(1), { interval: 1 })
  let isClosed = false
  const closing = close().then(() => {
    isClosed = true
  })
  await Promise.resolve()
  expect(isClosed).toBe(false)
  letGo()
  await Promise.all([closing, ...looks])
  expect(take).toHaveBeenCalledTimes(1)
})
