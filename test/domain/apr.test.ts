import fc from 'fast-check'
import { irr } from 'financial'
import { describe, expect, test } from 'vitest'
import { annualise, type CashFlows, cashFlows, irrPerPeriod } from '../../src/domain/apr.ts'
import { loanFees, NO_FEES } from '../../src/domain/fees.ts'
import { makeSchedule, PERIODIC_METHODS } from '../../src/domain/schedule-methods.ts'

const rateOf = (flows: CashFlows): number => {
  const solved = irrPerPeriod(flows)
  if (solved.kind === 'refused') throw new Error(solved.refusal)
  return solved.periodRate
}
const inPercent = (flows: CashFlows) => {
  const { nominal, effective } = annualise(rateOf(flows), 12)
  return [(nominal * 100).toFixed(2), (effective * 100).toFixed(2)]
}
const refusalOf = (receivedMinor: number, paymentsMinor: number[]) => irrPerPeriod({ receivedMinor, paymentsMinor })
const upfront = (ratio: number, amountMinor = 1_000_000) => loanFees([{ collected: 'upfront', ratio }], amountMinor)
const eachPeriod = (ratio: number) => loanFees([{ collected: 'eachPeriod', ratio }], 1_000_000)
const worthAt = (rate: number, paymentsMinor: readonly number[]) =>
  paymentsMinor.reduce((sum, payment, index) => sum + payment / (1 + rate) ** (index + 1), 0)

describe('annual rate of what a borrower gets and pays, in whole cents', () => {
  test('a flat fee of 0.65 % a month is 14.10 % nominal and 15.05 % effective, not 7.8 %', () => {
    const rows = makeSchedule('EQUAL_PRINCIPAL', 1_000_000, 0, 12)
    expect(inPercent(cashFlows(1_000_000, rows, eachPeriod(0.0065)))).toEqual(['14.10', '15.05'])
  })

  test('18 % with 3 % taken up front is 23.91 % nominal and 26.71 % effective', () => {
    const rows = makeSchedule('EQUAL_INSTALMENT', 1_000_000, 0.015, 12)
    expect(inPercent(cashFlows(1_000_000, rows, upfront(0.03)))).toEqual(['23.91', '26.71'])
  })

  test('12 % with a guarantee fee of 1 % a month is 32.76 % nominal and 38.15 % effective', () => {
    const rows = makeSchedule('EQUAL_INSTALMENT', 1_000_000, 0.01, 12)
    expect(inPercent(cashFlows(1_000_000, rows, eachPeriod(0.01)))).toEqual(['32.76', '38.15'])
  })

  test('24 % nominal is 26.82 % effective, and 0.05 % a day is 18.25 % nominal and 20.02 % effective', () => {
    expect(annualise(0.02, 12).effective).toBeCloseTo(0.2682, 4)
    expect(annualise(0.0005, 365).nominal).toBeCloseTo(0.1825, 12)
    expect(annualise(0.0005, 365).effective).toBeCloseTo(0.2002, 4)
    expect(annualise(0.0005, 360).nominal).toBeCloseTo(0.18, 12)
  })

  test('fees are rounded half up to whole cents, the periodic one on the original principal', () => {
    const rows = [{ totalMinor: 600 }, { totalMinor: 500 }]
    const fees = loanFees(
      [
        { collected: 'upfront', ratio: 0.01 },
        { collected: 'eachPeriod', ratio: 0.01 },
        { collected: 'eachPeriod', flatMinor: 3 }
      ],
      1050
    )
    expect(cashFlows(1050, rows, fees)).toEqual({ receivedMinor: 1039, paymentsMinor: [614, 514] })
  })
})

describe('the rate of a period', () => {
  test('is zero for a loan without interest', () => {
    for (const method of PERIODIC_METHODS) {
      expect(rateOf(cashFlows(1_000_000, makeSchedule(method, 1_000_000, 0, 7), NO_FEES))).toBe(0)
    }
  })

  test('is the interest itself when there is one payment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e10 }), fc.double({ min: 0, max: 9, noNaN: true }), (amount, rate) => {
        const totalMinor = amount + Math.floor(amount * rate)
        const flows = { receivedMinor: amount, paymentsMinor: [totalMinor] }
        expect(Math.abs(rateOf(flows) - (totalMinor / amount - 1))).toBeLessThan(1e-9)
      })
    )
  })

  test('lies within 1e-9 of the root, whatever the payments: a little less discounts too little, a little more too much', () => {
    const payments = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 48 })
    fc.assert(
      fc.property(payments, fc.double({ min: 0.05, max: 1, noNaN: true }), (paymentsMinor, share) => {
        const receivedMinor = Math.floor(paymentsMinor.reduce((sum, payment) => sum + payment, 0) * share)
        const solved = irrPerPeriod({ receivedMinor, paymentsMinor })
        if (solved.kind === 'refused') {
          expect(receivedMinor === 0 || worthAt(10, paymentsMinor) > receivedMinor).toBe(true)
          return
        }
        expect(worthAt(solved.periodRate - 1e-9, paymentsMinor)).toBeGreaterThanOrEqual(receivedMinor)
        expect(worthAt(solved.periodRate + 1e-9, paymentsMinor)).toBeLessThanOrEqual(receivedMinor)
      }),
      { numRuns: 1000 }
    )
  })

  test('is the contract’s, but for rounding, for every method without fees and above it with any', () => {
    const method = fc.constantFrom(...PERIODIC_METHODS)
    const rate = fc.double({ min: 0, max: 0.03, noNaN: true })
    const fee = fc.double({ min: 0, max: 0.05, noNaN: true })
    fc.assert(
      fc.property(method, rate, fc.integer({ min: 1, max: 60 }), fee, fee, (way, periodRate, count, first, each) => {
        const amountMinor = 1_000_000_000
        const rows = makeSchedule(way, amountMinor, periodRate, count)
        const bare = rateOf(cashFlows(amountMinor, rows, NO_FEES))
        expect(Math.abs(bare - periodRate)).toBeLessThan(1e-8)
        const fees = loanFees(
          [
            { collected: 'upfront', ratio: first },
            { collected: 'eachPeriod', ratio: each }
          ],
          amountMinor
        )
        const withFees = rateOf(cashFlows(amountMinor, rows, fees))
        expect(withFees).toBeGreaterThanOrEqual(bare)
        expect(withFees).toBeGreaterThanOrEqual(bare + each - 1e-8)
      })
    )
  })

  test('is the same in an independent library, for each method in whole cents', () => {
    for (const method of PERIODIC_METHODS) {
      const flows = cashFlows(1_000_000, makeSchedule(method, 1_000_000, 0.0175, 24), NO_FEES)
      expect(rateOf(flows)).toBeCloseTo(irr([-1_000_000, ...flows.paymentsMinor], 0.01), 9)
    }
  })
})

describe('flows without a rate are refused', () => {
  test.each([
    ['NO_SIGN_CHANGE', 'nothing is received', 0, [1000]],
    ['NO_SIGN_CHANGE', 'a fee takes more than the payout', -1, [1000]],
    ['NO_SIGN_CHANGE', 'nothing is paid', 1000, []],
    ['NO_SIGN_CHANGE', 'only zeros are paid', 1000, [0, 0]],
    ['NOT_REPAID', 'less is paid than received', 3000, [1000, 1000]],
    ['BEYOND_BOUND', 'the cost is absurd', 1, [1_000_000_000]],
    ['INVALID_FLOW', 'an amount is no number', Number.NaN, [1000]],
    ['INVALID_FLOW', 'a payment is no number', 1000, [2000, Number.NaN]],
    ['INVALID_FLOW', 'a payment is infinite', 1000, [Number.POSITIVE_INFINITY]],
    ['INVALID_FLOW', 'a payment is below zero', 1000, [2000, -500]]
  ] as const)('as %s when %s', (refusal, _case, receivedMinor, paymentsMinor) => {
    expect(refusalOf(receivedMinor, [...paymentsMinor])).toEqual({ kind: 'refused', refusal })
  })
})
