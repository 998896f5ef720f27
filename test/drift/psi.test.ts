import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import { measureStability } from '../../src/drift/psi.ts'

const DECILES = Array.from({ length: 10 }, () => 0.1)
const TRIALS = 2000

/** Rows drawn from a distribution, in the bins of its own reference. */
function draw(random: () => number, shares: readonly number[], rows: number): number[] {
  const counts = shares.map(() => 0)
  for (let row = 0; row < rows; row++) {
    let left = random()
    let bin = 0
    while (bin < shares.length - 1 && left >= (shares[bin] as number)) left -= shares[bin++] as number
    counts[bin] = (counts[bin] as number) + 1
  }
  return counts
}

/** What many windows of one size show, where both they and the reference are drawn from the same truth. */
function simulate({ rows, referenceRows = 1e9, truth = DECILES, drawn = truth }: Simulated) {
  const random = createRandom(rows)
  const seen = Array.from({ length: TRIALS }, () => {
    const reference =
      referenceRows > 1e6 ? truth : draw(random, truth, referenceRows).map((count) => count / referenceRows)
    const stability = measureStability(draw(random, drawn, rows), reference, referenceRows)
    if (stability === null) throw new Error('no sample')
    return stability
  })
  const mean = (of: (one: (typeof seen)[number]) => number) => seen.reduce((sum, one) => sum + of(one), 0) / TRIALS
  return {
    psi: mean(({ psi }) => psi),
    excess: mean(({ excess }) => excess),
    above: mean(({ psi }) => (psi > 0.1 ? 1 : 0)),
    excessAbove: mean(({ excess }) => (excess > 0.1 ? 1 : 0))
  }
}
interface Simulated {
  readonly rows: number
  readonly referenceRows?: number
  readonly truth?: readonly number[]
  readonly drawn?: readonly number[]
}

describe('without drift', () => {
  test.each([
    [100, 0.1, 0.015],
    [300, 0.03, 0.004],
    [1000, 0.009, 0.001]
  ])('a window of %i rows shows an index of about %d, all of it noise', (rows, psi, tolerance) => {
    const seen = simulate({ rows })
    expect(Math.abs(seen.psi - psi)).toBeLessThan(tolerance)
    expect(Math.abs(seen.excess)).toBeLessThan(tolerance)
  })

  test('the line of 0.1 is crossed by two in five windows of 100 rows, and by none of 1000 above the noise', () => {
    expect(simulate({ rows: 100 }).above).toBeGreaterThan(0.3)
    expect(simulate({ rows: 1000 }).excessAbove).toBe(0)
  })

  test('the noise of a small reference counts as well, and bins need not be even', () => {
    const truth = [0.4, 0.3, 0.15, 0.1, 0.05]
    const seen = simulate({ rows: 1000, referenceRows: 1000, truth })
    expect(seen.psi).toBeGreaterThan(0.007)
    expect(Math.abs(seen.excess)).toBeLessThan(0.001)
  })
})

test('a planted shift is seen as what it is: the index of the two distributions, at any size of window', () => {
  const drawn = [0.04, 0.06, 0.08, 0.1, 0.1, 0.1, 0.1, 0.12, 0.14, 0.16]
  const truth = drawn.reduce((sum, share) => sum + (share - 0.1) * Math.log(share / 0.1), 0)
  expect(truth).toBeGreaterThan(0.1)
  for (const rows of [300, 1000, 5000]) {
    const { excess } = simulate({ rows, drawn })
    expect(Math.abs(excess - truth), `${rows} rows`).toBeLessThan(0.012)
  }
})

test('is never negative or without bound, and zero where shares are equal', () => {
  const counts = fc
    .array(fc.nat(500), { minLength: 1, maxLength: 10 })
    .filter((each) => each.some((count) => count > 0))
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 1e6 }), (each, rows) => {
      const flat = each.map(() => 1 / each.length)
      const stability = measureStability(each, flat, rows)
      expect(Number.isFinite(stability?.psi)).toBe(true)
      expect(stability?.psi).toBeGreaterThanOrEqual(-1e-12)
      const total = each.reduce((sum, count) => sum + count, 0)
      const own = each.map((count) => Math.max(count, 0.5) / total)
      expect(measureStability(each, own, 1e9)?.psi).toBeCloseTo(0, 12)
    })
  )
})

test('a bin that nothing fell into, then or now, says nothing; one that something falls into now says much', () => {
  expect(measureStability([0, 500, 500], [0, 0.5, 0.5], 1e9)).toEqual(measureStability([500, 500], [0.5, 0.5], 1e9))
  expect(measureStability([100, 450, 450], [0, 0.5, 0.5], 1e6)?.excess).toBeGreaterThan(1)
})

test('an empty bin counts as half a row, and nothing can be told without rows', () => {
  const [seen, expected] = [0.5 / 1000, 0.1]
  const rest = 9 * (1000 / 9 / 1000 - 0.1) * Math.log(1000 / 9 / 1000 / 0.1)
  const full = Array.from({ length: 9 }, () => 1000 / 9)
  const index = (seen - expected) * Math.log(seen / expected) + rest
  expect(measureStability([0, ...full], DECILES, 1e9)?.psi).toBeCloseTo(index, 12)
  expect(measureStability([0, 0], [0.5, 0.5], 100)).toBeNull()
  expect(measureStability([1, 2], [0.5, 0.5], 0)).toBeNull()
})
