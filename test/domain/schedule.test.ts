import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { annuityFactor, equalInstalments } from '../../src/domain/schedule.ts'

describe('equal instalments', () => {
  test.each([
    [1_000_000, 0.18, 12, 916.7999],
    [1_000_000, 0.24, 12, 945.596],
    [1_000_000, 0.12, 12, 888.4879],
    [500_000, 0.24, 6, 892.6291],
    [100_000, 0.24, 3, 346.7547]
  ])('%i minor at %f a year in %i months are %f a month before rounding', (amountMinor, rate, count, expected) => {
    expect((amountMinor * annuityFactor(rate / 12, count)) / 100).toBeCloseTo(expected, 4)
  })

  test('10,000 at 18 % in 12 months match the golden schedule to the cent', () => {
    const schedule = equalInstalments(1_000_000, 0.015, 12)
    expect(schedule[0]).toMatchObject({ principalMinor: 76_680, interestMinor: 15_000 })
    expect(schedule[11]).toMatchObject({
      principalMinor: 90_326,
      interestMinor: 1_355,
      totalMinor: 91_681,
      balanceMinor: 0
    })
    expect(schedule.reduce((sum, { interestMinor }) => sum + interestMinor, 0)).toBe(100_161)
  })

  test('without interest every instalment is the amount divided by their number', () => {
    expect(equalInstalments(90_000, 0, 3).map(({ totalMinor }) => totalMinor)).toEqual([30_000, 30_000, 30_000])
  })

  test('one instalment repays everything with one period of interest', () => {
    expect(equalInstalments(1_000_000, 0.02, 1)).toEqual([
      { no: 1, principalMinor: 1_000_000, interestMinor: 20_000, totalMinor: 1_020_000, balanceMinor: 0 }
    ])
  })

  test('principals sum to the amount, the balance ends at zero and the last instalment is near the others', () => {
    const amount = fc.integer({ min: 10_000, max: 1_000_000_000 })
    const rate = fc.double({ min: 0, max: 0.03, noNaN: true })
    fc.assert(
      fc.property(amount, rate, fc.integer({ min: 1, max: 60 }), (amountMinor, periodRate, count) => {
        const schedule = equalInstalments(amountMinor, periodRate, count)
        expect(schedule.reduce((sum, { principalMinor }) => sum + principalMinor, 0)).toBe(amountMinor)
        expect(schedule.at(-1)?.balanceMinor).toBe(0)
        const regular = schedule[0] as (typeof schedule)[number]
        expect(Math.abs((schedule.at(-1)?.totalMinor ?? 0) - regular.totalMinor)).toBeLessThanOrEqual(2 * count)
        for (const { principalMinor, interestMinor } of schedule) {
          expect(Number.isSafeInteger(principalMinor) && principalMinor >= 0).toBe(true)
          expect(Number.isSafeInteger(interestMinor) && interestMinor >= 0).toBe(true)
        }
      })
    )
  })
})
