import { describe, expect, test } from 'vitest'
import { type MeasuredAccount, measureWarnings } from '../../src/warnings/measure.ts'

const DAY_MS = 86_400_000
const OUTCOME_MS = Date.UTC(2026, 5, 1)
const options = { resamples: 200, seed: 1 }

describe('a measure of warnings', () => {
  test('tells the share warned before, the precision and the quartiles of the lead time', () => {
    const measure = measureWarnings(
      [...times(3, true, 10), ...times(1, true, 30), ...times(1, true), ...times(4, false, 5), ...times(11, false)],
      options
    )
    expect(measure).toMatchObject({ accounts: 20, bad: 5, warned: 8, warnedBad: 4 })
    expect(measure.recall?.value).toBe(0.8)
    expect(measure.precision?.value).toBe(0.5)
    expect(measure.leadDays).toMatchObject({ lower: { value: 10 }, median: { value: 10 }, upper: { value: 15 } })
  })

  test('a warning at the outcome or later is none', () => {
    expect(measureWarnings([...times(2, true, 0), ...times(2, true, -3)], options)).toMatchObject({
      warned: 0,
      recall: { value: 0 },
      precision: null,
      leadDays: null
    })
  })

  test('intervals are those of the binomial, nearly, hold the value, and are the same each time', () => {
    const accounts = [...times(160, true, 10), ...times(40, true), ...times(300, false, 10), ...times(500, false)]
    const { recall } = measureWarnings(accounts, { resamples: 2000, seed: 3 })
    // 1.96 standard errors of 0.8 among 200.
    const halfWidth = 1.96 * Math.sqrt((0.8 * 0.2) / 200)
    expect(recall?.interval[0]).toBeCloseTo(0.8 - halfWidth, 2)
    expect(recall?.interval[1]).toBeCloseTo(0.8 + halfWidth, 2)
    expect(measureWarnings(accounts, options)).toStrictEqual(measureWarnings(accounts, options))
  })

  test('of nobody nothing is told', () => {
    expect(measureWarnings([], options)).toMatchObject({ recall: null, precision: null, leadDays: null })
  })
})

function times(count: number, isBad: boolean, leadDays?: number): MeasuredAccount[] {
  const warnedSinceMs = leadDays === undefined ? undefined : OUTCOME_MS - leadDays * DAY_MS
  return Array.from({ length: count }, () => ({ isBad, outcomeAtMs: OUTCOME_MS, warnedSinceMs }))
}
