import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSearchBudget, findNearest, type Try } from '../../src/explanation/search.ts'

/** A budget on a clock that stands still. */
const plenty = (maxTries = 1_000_000) =>
  createSearchBudget({ maxTries, maxBusyMs: 1, sliceMs: 1, monotonicMs: () => 0, rest: async () => {} })

function search(count: number, passing: (index: number) => boolean, maxTries: number, budget = plenty()) {
  const tried: number[] = []
  const tryOne = (index: number): Try => {
    if (!budget.take()) return 'spent'
    tried.push(index)
    return passing(index) ? 'passes' : 'fails'
  }
  return findNearest(count, tryOne, budget, maxTries).then((found) => ({ ...found, tried }))
}

describe('the nearest candidate that passes', () => {
  test('is found, whatever passes, where all can be tried', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (passing) => {
        const { index, isExact } = await search(passing.length, (at) => passing[at] as boolean, 60)
        expect([index, isExact]).toEqual([passing.includes(true) ? passing.indexOf(true) : undefined, true])
      })
    )
  })

  test('is found by a coarse scan where everything behind it passes too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 100, max: 100_000 }), fc.nat(), async (count, seed) => {
        const first = seed % (count + 1)
        const { index, tried } = await search(count, (at) => at >= first, 80)
        expect(index).toBe(first === count ? undefined : first)
        expect(tried.length).toBeLessThanOrEqual(160)
        expect(new Set(tried).size).toBe(tried.length)
      })
    )
  })

  test('passes, and is not called exact, where islands were not all looked at', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 200, max: 5000 }), fc.integer({ min: 2, max: 9 }), async (count, every) => {
        const isIsland = (at: number) => Math.floor(at / 37) % every === every - 1
        const { index, isExact } = await search(count, isIsland, 80)
        expect(isExact).toBe(false)
        if (index !== undefined) expect(isIsland(index)).toBe(true)
      })
    )
  })

  test('is the best seen when the tries run out', async () => {
    const { index, isExact, tried } = await search(1000, (at) => at >= 700, 80, plenty(30))
    expect(tried).toHaveLength(30)
    expect(isExact).toBe(false)
    expect(index).toBeGreaterThanOrEqual(700)
  })
})

describe('the budget of a search', () => {
  test('rests before a slice is longer than its time and one try', async () => {
    let nowMs = 0
    let heldMs = 0
    const held: number[] = []
    const rest = async () => {
      held.push(heldMs)
      heldMs = 0
    }
    const budget = createSearchBudget({ maxTries: 500, maxBusyMs: 1e9, sliceMs: 1, monotonicMs: () => nowMs, rest })
    const tryOne = (): Try => {
      if (!budget.take()) return 'spent'
      nowMs += 0.3
      heldMs += 0.3
      return 'fails'
    }
    await findNearest(400, tryOne, budget, 400)
    expect(held.length).toBeGreaterThan(90)
    expect(Math.max(...held)).toBeLessThanOrEqual(1.3)
  })

  test('ends when its own time is used up, not counting that of others', async () => {
    let nowMs = 0
    const budget = createSearchBudget({
      maxTries: 1e9,
      maxBusyMs: 10,
      sliceMs: 1,
      monotonicMs: () => nowMs,
      rest: async () => {
        nowMs += 1000
      }
    })
    let tries = 0
    const tryOne = (): Try => {
      if (!budget.take()) return 'spent'
      tries++
      nowMs += 0.5
      return 'fails'
    }
    expect(await findNearest(100_000, tryOne, budget, 200_000)).toEqual({ index: undefined, isExact: false })
    expect(tries).toBe(20)
  })
})
