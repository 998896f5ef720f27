import { expect, it } from 'vitest'
import { planArrivals } from '../../load-tests/arrivals.ts'
import { createRandom } from '../../load-tests/random.ts'

it('spaces fixed arrivals evenly from the first moment on', () => {
  expect([...planArrivals('fixed', 4, 1.5, createRandom(1))]).toEqual([0, 250, 500, 750, 1000, 1250])
})

it('plans Poisson arrivals with exponential gaps: mean and deviation are one gap, and counts vary like their root', () => {
  const plan = planArrivals('poisson', 1000, 60, createRandom(1))
  expect(Math.abs(plan.length - 60_000)).toBeLessThan(4 * Math.sqrt(60_000))
  const gaps = [...plan].map((atMs, index) => atMs - (plan[index - 1] ?? 0))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  expect(mean).toBeCloseTo(1, 1)
  expect(deviation).toBeCloseTo(1, 1)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
  expect(plan.at(-1)).toBeLessThan(60_000)
})

it('plans the same for the same seed', () => {
  expect(planArrivals('poisson', 100, 2, createRandom(5))).toEqual(planArrivals('poisson', 100, 2, createRandom(5)))
})
