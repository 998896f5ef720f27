import { expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import { rankMetrics } from '../../src/domain/model-metrics.ts'
import { type Calibration, measureCalibration, PD_BINS, pdBin } from '../../src/outcomes/calibration.ts'

interface Row {
  readonly pd: number
  readonly bad: boolean
}

function fold(rows: readonly Row[]): Calibration {
  const [good, bad, expected] = [new Float64Array(PD_BINS), new Float64Array(PD_BINS), new Float64Array(PD_BINS)]
  let [pdOfBad, pdSquared] = [0, 0]
  for (const row of rows) {
    const column = row.bad ? bad : good
    column[pdBin(row.pd)]! += 1
    expected[pdBin(row.pd)]! += row.pd
    pdSquared += row.pd ** 2
    if (row.bad) pdOfBad += row.pd
  }
  return { good, bad, expected, pdOfBad, pdSquared }
}

/** Loans of a model that is right up to a factor: bad with `kindness` times the probability that it says. */
function draw(rows: number, seed: number, kindness = 1): Row[] {
  const random = createRandom(seed)
  return Array.from({ length: rows }, () => {
    const pd = 1 / (1 + Math.exp(2 + 1.5 * (random() + random() + random() - 1.5) * 2))
    return { pd, bad: random() < pd * kindness }
  })
}

test('AUC and KS of the bins are within a hundredth of those of the rows, Brier and the ratio are exact', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const rows = draw(3000, seed)
    const exact = rankMetrics(
      rows.map(({ pd }) => pd),
      rows.map(({ bad }) => bad)
    )
    const { quality, good, bad } = measureCalibration(fold(rows))
    expect(good + bad).toBe(3000)
    expect(quality?.auc).toBeGreaterThan(0.6)
    expect(Math.abs((quality?.auc ?? 0) - (exact?.auc ?? 1))).toBeLessThan(0.01)
    expect(Math.abs((quality?.ks ?? 0) - (exact?.ks ?? 1))).toBeLessThan(0.01)
    const brier = rows.reduce((sum, row) => sum + (row.pd - (row.bad ? 1 : 0)) ** 2, 0) / rows.length
    expect(quality?.brier).toBeCloseTo(brier, 10)
    const expectedBads = rows.reduce((sum, { pd }) => sum + pd, 0)
    expect(quality?.observedExpected).toBeCloseTo(bad / expectedBads, 10)
  }
})

test('a model that is too kind shows more bad ones than it expected', () => {
  expect(measureCalibration(fold(draw(20_000, 6))).quality?.observedExpected).toBeCloseTo(1, 1)
  expect(measureCalibration(fold(draw(20_000, 6, 1.5))).quality?.observedExpected).toBeCloseTo(1.5, 1)
})

test('says nothing of quality below a hundred good and a hundred bad ones', () => {
  const rows = (good: number, bad: number) => [
    ...Array.from({ length: good }, () => ({ pd: 0.1, bad: false })),
    ...Array.from({ length: bad }, () => ({ pd: 0.3, bad: true }))
  ]
  expect(measureCalibration(fold(rows(99, 100)))).toEqual({ good: 99, bad: 100, quality: null })
  expect(measureCalibration(fold(rows(100, 99)))).toEqual({ good: 100, bad: 99, quality: null })
  expect(measureCalibration(fold(rows(100, 100))).quality).toMatchObject({ auc: 1, ks: 1 })
  expect(measureCalibration(fold([]))).toEqual({ good: 0, bad: 0, quality: null })
})

test('every usable probability has a bin, and a higher one never a lower bin', () => {
  const pds = [Number.MIN_VALUE, 1e-9, 0.001, 0.0067, 0.0068, 0.05, 0.5, 0.9, 0.9933, 0.9999, 1 - Number.EPSILON / 2]
  const bins = pds.map(pdBin)
  expect(bins).toEqual(bins.toSorted((left, right) => left - right))
  expect([bins[0], bins.at(-1)]).toEqual([0, PD_BINS - 1])
})
