import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rankIntervals, rankMetrics } from '../../src/domain/model-metrics.ts'

const RUNS = { numRuns: 200, seed: 20_261_123 }

/** Few distinct probabilities, so that ties are common. */
const rows = fc
  .array(fc.record({ pd: fc.integer({ min: 0, max: 12 }).map((twelfths) => twelfths / 12), bad: fc.boolean() }), {
    minLength: 2,
    maxLength: 60
  })
  .filter((drawn) => drawn.some(({ bad }) => bad) && drawn.some(({ bad }) => !bad))

describe('rank metrics', () => {
  test('the AUC is the share of bad-good pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const bads = drawn.filter(({ bad }) => bad)
        const goods = drawn.filter(({ bad }) => !bad)
        let wins = 0
        for (const { pd } of bads) for (const good of goods) wins += pd > good.pd ? 1 : pd === good.pd ? 0.5 : 0
        expect(metricsOf(drawn)?.auc).toBeCloseTo(wins / (bads.length * goods.length), 12)
      }),
      RUNS
    )
  })

  test('the KS is the largest distance between the two distribution functions at any value', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const shareUpTo = (pd: number, isBad: boolean) => {
          const group = drawn.filter(({ bad }) => bad === isBad)
          return group.filter((row) => row.pd <= pd).length / group.length
        }
        const distances = drawn.map(({ pd }) => Math.abs(shareUpTo(pd, true) - shareUpTo(pd, false)))
        expect(metricsOf(drawn)?.ks).toBeCloseTo(Math.max(...distances), 12)
      }),
      RUNS
    )
  })

  test('say nothing when all rows are good, all are bad or there are none', () => {
    expect(rankMetrics([0.1, 0.2], [false, false])).toBeNull()
    expect(rankMetrics([0.1, 0.2], [true, true])).toBeNull()
    expect(rankMetrics([], [])).toBeNull()
    expect(rankIntervals([0.1, 0.2], [true, true], { resamples: 10, seed: 1 })).toBeNull()
  })
})

describe('bootstrap intervals', () => {
  const sample = Array.from({ length: 400 }, (_, row) => ({ pd: ((row * 37) % 101) / 101, bad: (row * 53) % 101 > 60 }))
  const options = { resamples: 400, seed: 7 }

  test('hold the metrics of the sample and get narrower with more rows', () => {
    const metrics = metricsOf(sample)
    const intervals = intervalsOf(sample, options)
    const narrow = intervalsOf([...sample, ...sample, ...sample, ...sample], options)
    for (const name of ['auc', 'ks'] as const) {
      const [low, high] = intervals?.[name] ?? [0, 0]
      expect(low).toBeLessThan(metrics?.[name] ?? Number.NaN)
      expect(high).toBeGreaterThan(metrics?.[name] ?? Number.NaN)
      expect(width(narrow?.[name])).toBeLessThan(0.7 * (high - low))
    }
  })

  test('are the same for the same seed and others for another', () => {
    expect(intervalsOf(sample, options)).toStrictEqual(intervalsOf(sample, options))
    expect(intervalsOf(sample, { ...options, seed: 8 })).not.toStrictEqual(intervalsOf(sample, options))
  })
})

type Rows = readonly { readonly pd: number; readonly bad: boolean }[]

function metricsOf(of: Rows) {
  const columns = columnsOf(of)
  return rankMetrics(columns.pd, columns.bad)
}

function intervalsOf(of: Rows, options: Parameters<typeof rankIntervals>[2]) {
  const columns = columnsOf(of)
  return rankIntervals(columns.pd, columns.bad, options)
}

function columnsOf(of: Rows) {
  return { pd: of.map(({ pd }) => pd), bad: of.map(({ bad }) => bad) }
}

function width(interval: readonly [number, number] | undefined): number {
  return interval === undefined ? Number.NaN : interval[1] - interval[0]
}
