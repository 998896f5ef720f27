import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { annualise, type CashFlows, irrPerPeriod } from '../../src/domain/apr.ts'
import { nominalOf, xirr } from '../../src/domain/xirr.ts'

const rateOf = (flows: CashFlows, days: readonly number[]): number => {
  const solved = xirr(flows, days)
  if (solved.kind === 'refused') throw new Error(solved.refusal)
  return solved.yearRate
}
const worthAt = (rate: number, paymentsMinor: readonly number[], days: readonly number[]) =>
  paymentsMinor.reduce((sum, payment, index) => sum + payment / (1 + rate) ** ((days[index] as number) / 365), 0)

describe('the rate a year of dated flows', () => {
  test('is that of the example which spreadsheets document for XIRR: 37.3362535 %', () => {
    // 10,000 on 2008-01-01; 2,750 on 03-01, 4,250 on 10-30, 3,250 on 2009-02-15, 2,750 on 2009-04-01.
    const flows = { receivedMinor: 1_000_000, paymentsMinor: [275_000, 425_000, 325_000, 275_000] }
    expect(rateOf(flows, [60, 303, 411, 456])).toBeCloseTo(0.373362535, 8)
  })

  test('of 0.05 % paid each day for a year is 20.02 %', () => {
    const paymentsMinor = Array.from({ length: 365 }, (_, index) => (index === 364 ? 1_000_500_000 : 500_000))
    const days = paymentsMinor.map((_, index) => index + 1)
    expect(rateOf({ receivedMinor: 1_000_000_000, paymentsMinor }, days)).toBeCloseTo(1.0005 ** 365 - 1, 9)
    expect((rateOf({ receivedMinor: 1_000_000_000, paymentsMinor }, days) * 100).toFixed(2)).toBe('20.02')
  })

  test('lies within 1e-9 of the root, whatever the payments and days', () => {
    const payment = fc.record({ minor: fc.integer({ min: 0, max: 1_000_000 }), day: fc.integer({ min: 1, max: 3650 }) })
    const payments = fc.array(payment, { minLength: 1, maxLength: 48 })
    let solvedCount = 0
    fc.assert(
      fc.property(payments, fc.double({ min: 0.3, max: 1, noNaN: true }), (paid, share) => {
        const paymentsMinor = paid.map(({ minor }) => minor)
        const days = paid.map(({ day }) => day)
        const receivedMinor = Math.floor(paymentsMinor.reduce((sum, minor) => sum + minor, 0) * share)
        const solved = xirr({ receivedMinor, paymentsMinor }, days)
        if (solved.kind === 'refused') {
          expect(receivedMinor === 0 || worthAt(1e6, paymentsMinor, days) > receivedMinor * (1 - 1e-9)).toBe(true)
          return
        }
        const near = 1e-9 * (1 + solved.yearRate)
        expect(worthAt(solved.yearRate - near, paymentsMinor, days)).toBeGreaterThanOrEqual(receivedMinor * (1 - 1e-13))
        expect(worthAt(solved.yearRate + near, paymentsMinor, days)).toBeLessThanOrEqual(receivedMinor * (1 + 1e-13))
        solvedCount++
      }),
      { numRuns: 1000 }
    )
    expect(solvedCount).toBeGreaterThan(500)
  })

  test('is the effective rate of the periods where they are alike: five of 73 days a year', () => {
    const payments = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 24 })
    fc.assert(
      fc.property(payments, fc.double({ min: 0.5, max: 1, noNaN: true }), (paymentsMinor, share) => {
        const receivedMinor = Math.ceil(paymentsMinor.reduce((sum, minor) => sum + minor, 0) * share)
        const flows = { receivedMinor, paymentsMinor }
        const periodic = irrPerPeriod(flows)
        if (periodic.kind === 'refused' || periodic.periodRate > 1) return
        const days = paymentsMinor.map((_, index) => 73 * (index + 1))
        const { effective, nominal } = annualise(periodic.periodRate, 5)
        expect((1 + rateOf(flows, days)) / (1 + effective)).toBeCloseTo(1, 9)
        expect(nominalOf(effective, 5)).toBeCloseTo(nominal, 9)
      })
    )
  })

  test('of one payment is its growth, and of a loan without interest zero; where it begins does not matter', () => {
    expect(rateOf({ receivedMinor: 100_000, paymentsMinor: [110_000] }, [365])).toBeCloseTo(0.1, 12)
    expect(rateOf({ receivedMinor: 100_000, paymentsMinor: [110_000] }, [30])).toBeCloseTo(1.1 ** (365 / 30) - 1, 9)
    expect(rateOf({ receivedMinor: 100_000, paymentsMinor: [40_000, 60_000] }, [10, 20])).toBe(0)
    const flows = { receivedMinor: 100_000, paymentsMinor: [60_000, 60_000] }
    for (const near of [0, 0.001, 3, 1e5, -5, Number.NaN]) {
      expect(xirr(flows, [100, 200], near)).toMatchObject({ yearRate: expect.closeTo(rateOf(flows, [100, 200]), 10) })
    }
  })
})

describe('dated flows without a rate are refused', () => {
  test.each([
    ['NO_SIGN_CHANGE', 'nothing is received', 0, [1000], [30]],
    ['NO_SIGN_CHANGE', 'nothing is paid', 1000, [], []],
    ['NO_SIGN_CHANGE', 'only zeros are paid', 1000, [0], [30]],
    ['NOT_REPAID', 'less is paid than received', 3000, [1000, 1000], [30, 60]],
    ['BEYOND_BOUND', 'the cost is absurd', 1, [1_000_000_000], [30]],
    ['INVALID_FLOW', 'a payment has no day', 1000, [600, 600], [30]],
    ['INVALID_FLOW', 'a payment is on the day of the payout', 1000, [2000], [0]],
    ['INVALID_FLOW', 'a day is no number', 1000, [2000], [Number.NaN]],
    ['INVALID_FLOW', 'a payment is no number', 1000, [Number.NaN], [30]]
  ] as const)('as %s when %s', (refusal, _case, receivedMinor, paymentsMinor, days) => {
    expect(xirr({ receivedMinor, paymentsMinor }, days)).toEqual({ kind: 'refused', refusal })
  })
})
