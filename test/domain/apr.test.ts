import fc from 'fast-check'
import { irr } from 'financial'
import { describe, expect, test } from 'vitest'
import { annualise, irrPerPeriod } from '../../src/domain/apr.ts'
import { annuityFactor, equalInstalments } from '../../src/domain/schedule.ts'

const monthly = (received: number, payments: number[]) => annualise(irrPerPeriod(received, payments) as number, 12)
const level = (payment: number, count: number) => Array<number>(count).fill(payment)

describe('annual rate of what a borrower gets and pays', () => {
  test('a flat fee of 0.65 % a month is 14.10 % nominal and 15.05 % effective, not 7.8 %', () => {
    const { nominal, effective } = monthly(10_000, level(10_000 / 12 + 65, 12))
    expect(nominal).toBeCloseTo(0.141, 4)
    expect(effective).toBeCloseTo(0.1505, 4)
  })

  test('18 % with 3 % taken up front is 23.91 % nominal and 26.71 % effective', () => {
    const { nominal, effective } = monthly(9700, level(10_000 * annuityFactor(0.015, 12), 12))
    expect(nominal).toBeCloseTo(0.2391, 4)
    expect(effective).toBeCloseTo(0.2671, 4)
  })

  test('12 % with a guarantee fee of 1 % a month is 32.76 % nominal and 38.15 % effective', () => {
    const { nominal, effective } = monthly(10_000, level(10_000 * annuityFactor(0.01, 12) + 100, 12))
    expect(nominal).toBeCloseTo(0.3276, 4)
    expect(effective).toBeCloseTo(0.3815, 4)
  })

  test('24 % nominal is 26.82 % effective', () => {
    expect(annualise(0.02, 12).effective).toBeCloseTo(0.2682, 4)
  })

  test('a loan without interest costs nothing', () => {
    expect(irrPerPeriod(3000, [1000, 1000, 1000])).toBe(0)
  })

  test('payments that sum to less than was received have no rate', () => {
    expect(irrPerPeriod(3000, [1000, 1000])).toBeUndefined()
    expect(irrPerPeriod(0, [1000])).toBeUndefined()
    expect(irrPerPeriod(1, [1_000_000_000])).toBeUndefined()
  })

  test('the rate discounts the payments to what was received, to 1e-9', () => {
    const payments = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 48 })
    fc.assert(
      fc.property(payments, fc.double({ min: 0.3, max: 1, noNaN: true }), (paid, share) => {
        const received = Math.max(1, Math.floor(paid.reduce((sum, payment) => sum + payment, 0) * share))
        const rate = irrPerPeriod(received, paid)
        if (rate === undefined) return
        const worth = paid.reduce((sum, payment, index) => sum + payment / (1 + rate) ** (index + 1), 0)
        expect(Math.abs(worth / received - 1)).toBeLessThan(1e-9)
      })
    )
  })

  test('an independent library finds the same rate for a schedule in whole cents', () => {
    const payments = equalInstalments(1_000_000, 0.0175, 24).map(({ totalMinor }) => totalMinor)
    expect(irrPerPeriod(1_000_000, payments)).toBeCloseTo(irr([-1_000_000, ...payments], 0.01), 9)
  })
})
