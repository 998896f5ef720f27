import { expect, it } from 'vitest'
import { planRates, steadyRate } from '../../load-tests/arrivals.ts'
import { createRandom } from '../../load-tests/random.ts'

it('spaces fixed arrivals evenly from the first moment on', () => {
  expect([...planRates('fixed', [steadyRate(4, 1.5)], createRandom(1))]).toEqual([0, 250, 500, 750, 1000, 1250])
})

it('plans Poisson arrivals with exponential gaps: mean and deviation are one gap, and counts vary like their root', () => {
  const plan = planRates('poisson', [steadyRate(1000, 60)], createRandom(1))
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
  expect(planRates('poisson', [steadyRate(100, 2)], createRandom(5))).toEqual(
    planRates('poisson', [steadyRate(100, 2)], createRandom(5))
  )
})

it('follows rates that change: as many in each second as the area under the rate', () => {
  const segments = [
    { fromPerSecond: 0, toPerSecond: 100, seconds: 2 },
    { fromPerSecond: 1000, toPerSecond: 1000, seconds: 1 },
    { fromPerSecond: 200, toPerSecond: 0, seconds: 1 }
  ]
  const plan = [...planRates('fixed', segments, createRandom(1))]
  const between = (from: number, to: number) => plan.filter((atMs) => atMs >= from * 1000 && atMs < to * 1000).length
  expect([between(0, 1), between(1, 2), between(2, 3), between(3, 3.5), between(3.5, 4)]).toEqual([
    25, 75, 1000, 75, 25
  ])
  expect(plan).toEqual(plan.toSorted((left, right) => left - right))
  const poisson = planRates('poisson', segments, createRandom(2))
  expect(Math.abs(poisson.length - 1200)).toBeLessThan(4 * Math.sqrt(1200))
})
