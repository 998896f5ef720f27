import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instalment } from '../../src/domain/schedule.ts'
import { dailyAccrual, heaviestInstalment, makeSchedule, PERIODIC_METHODS } from '../../src/domain/schedule-methods.ts'

const sumOf = (rows: readonly Instalment[], part: 'principalMinor' | 'interestMinor' | 'totalMinor') =>
  rows.reduce((sum, row) => sum + row[part], 0)

describe('10,000 at 18 % in 12 months', () => {
  test('in equal instalments costs 1,001.61, to the cent', () => {
    const rows = makeSchedule('EQUAL_INSTALMENT', 1_000_000, 0.015, 12)
    expect(rows[0]).toMatchObject({ principalMinor: 76_680, interestMinor: 15_000, totalMinor: 91_680 })
    expect(rows[11]).toMatchObject({ principalMinor: 90_326, interestMinor: 1_355, totalMinor: 91_681 })
    expect(sumOf(rows, 'interestMinor')).toBe(100_161)
  })

  test('in equal principals costs 975.00, and the last instalment takes the four cents left by rounding', () => {
    const rows = makeSchedule('EQUAL_PRINCIPAL', 1_000_000, 0.015, 12)
    expect(rows.slice(0, 11).map(({ principalMinor }) => principalMinor)).toEqual(Array(11).fill(83_333))
    expect(rows[0]).toMatchObject({ interestMinor: 15_000, totalMinor: 98_333, balanceMinor: 916_667 })
    expect(rows[11]).toMatchObject({ principalMinor: 83_337, interestMinor: 1_250, totalMinor: 84_587 })
    expect(sumOf(rows, 'interestMinor')).toBe(97_500)
  })

  test('as a bullet costs 1,800.00 and returns the principal at the end', () => {
    const rows = makeSchedule('BULLET', 1_000_000, 0.015, 12)
    expect(rows.slice(0, 11).map(({ totalMinor }) => totalMinor)).toEqual(Array(11).fill(15_000))
    expect(rows[11]).toEqual({
      no: 12,
      principalMinor: 1_000_000,
      interestMinor: 15_000,
      totalMinor: 1_015_000,
      balanceMinor: 0
    })
    expect(sumOf(rows, 'interestMinor')).toBe(180_000)
  })
})

describe.each(PERIODIC_METHODS)('%s', (method) => {
  const amount = fc.integer({ min: 1, max: 10_000_000_000 })
  const rate = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.1, noNaN: true }))
  const count = fc.integer({ min: 1, max: 120 })

  test('sums exactly to the principal and ends at zero, in whole minor units that never fall below zero', () => {
    fc.assert(
      fc.property(amount, rate, count, (amountMinor, periodRate, periods) => {
        const rows = makeSchedule(method, amountMinor, periodRate, periods)
        expect(rows.map(({ no }) => no)).toEqual(Array.from({ length: periods }, (_, index) => index + 1))
        expect(sumOf(rows, 'principalMinor')).toBe(amountMinor)
        expect(sumOf(rows, 'totalMinor')).toBe(amountMinor + sumOf(rows, 'interestMinor'))
        expect(rows.at(-1)?.balanceMinor).toBe(0)
        let owedMinor = amountMinor
        for (const { principalMinor, interestMinor, balanceMinor } of rows) {
          expect(Math.abs(interestMinor - owedMinor * periodRate)).toBeLessThanOrEqual(0.5 + 1e-6)
          owedMinor -= principalMinor
          expect(balanceMinor).toBe(owedMinor)
          for (const part of [principalMinor, interestMinor, balanceMinor])
            expect(Number.isSafeInteger(part) && part >= 0).toBe(true)
        }
      })
    )
  })

  test('has its heaviest instalment where the factor says, but for rounding', () => {
    const ordinary = fc.integer({ min: 10_000, max: 1_000_000_000 })
    const monthly = fc.double({ min: 0, max: 0.03, noNaN: true })
    fc.assert(
      fc.property(ordinary, monthly, fc.integer({ min: 1, max: 60 }), (amountMinor, periodRate, periods) => {
        const heaviest = Math.max(
          ...makeSchedule(method, amountMinor, periodRate, periods).map(({ totalMinor }) => totalMinor)
        )
        const expected = amountMinor * heaviestInstalment(method, periodRate, periods)
        // Each period adds at most one minor unit of rounding, which then grows with the interest.
        const bound = Array.from({ length: periods }, (_, index) => (1 + periodRate) ** index)
        expect(Math.abs(heaviest - expected)).toBeLessThanOrEqual(bound.reduce((sum, grown) => sum + grown, 1))
      })
    )
  })

  test('without interest costs nothing, and in one period is the amount with its interest', () => {
    fc.assert(
      fc.property(amount, rate, count, (amountMinor, periodRate, periods) => {
        expect(sumOf(makeSchedule(method, amountMinor, 0, periods), 'totalMinor')).toBe(amountMinor)
        const interestMinor = Math.floor(amountMinor * periodRate + 0.5)
        expect(makeSchedule(method, amountMinor, periodRate, 1)).toEqual([
          {
            no: 1,
            principalMinor: amountMinor,
            interestMinor,
            totalMinor: amountMinor + interestMinor,
            balanceMinor: 0
          }
        ])
      })
    )
  })
})

test('the longer the principal is kept, the more interest is paid', () => {
  const [equalInstalment, equalPrincipal, bullet] = PERIODIC_METHODS.map((method) =>
    sumOf(makeSchedule(method, 5_000_000, 0.02, 24), 'interestMinor')
  ) as [number, number, number]
  expect(equalPrincipal).toBeLessThan(equalInstalment)
  expect(equalInstalment).toBeLessThan(bullet)
})

describe('DAILY_ACCRUAL', () => {
  test('of 10,000 at 0.05 % a day in three months costs 308.34: the days of each month on what was owed in it', () => {
    // 31 days on 1,000,000, then 31 on 666,667, then 28 on 333,334: 15,500 + 10,333.3 + 4,666.7.
    expect(dailyAccrual(1_000_000, 0.0005, [31, 62, 90])).toEqual([
      { no: 1, principalMinor: 333_333, interestMinor: 15_500, totalMinor: 348_833, balanceMinor: 666_667 },
      { no: 2, principalMinor: 333_333, interestMinor: 10_333, totalMinor: 343_666, balanceMinor: 333_334 },
      { no: 3, principalMinor: 333_334, interestMinor: 4_667, totalMinor: 338_001, balanceMinor: 0 }
    ])
  })

  test('is the sum of each day’s balance times the rate, to half a minor unit an instalment, and ends at zero', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 92 }), { minLength: 1, maxLength: 36 })
    const rate = fc.double({ min: 0, max: 0.001, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), rate, gaps, (amountMinor, dailyRate, between) => {
        const days = between.map((_, index) => between.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0))
        const rows = dailyAccrual(amountMinor, dailyRate, days)
        let balanceMinor = amountMinor
        let accrued = 0
        let at = 0
        for (let day = 1; day <= days.at(-1)!; day++) {
          accrued += balanceMinor * dailyRate
          if (day === days[at]) balanceMinor -= rows[at++]!.principalMinor
        }
        expect(balanceMinor).toBe(0)
        expect(rows.at(-1)?.balanceMinor).toBe(0)
        expect(sumOf(rows, 'principalMinor')).toBe(amountMinor)
        expect(Math.abs(sumOf(rows, 'interestMinor') - accrued)).toBeLessThanOrEqual(0.5 * rows.length + 1e-3)
        const heaviest =
          amountMinor * heaviestInstalment('DAILY_ACCRUAL', dailyRate * Math.max(...between), days.length)
        // Of a few minor units the parts round down to none, and the last instalment takes all.
        if (amountMinor >= 10_000)
          for (const { totalMinor } of rows) expect(totalMinor).toBeLessThanOrEqual(heaviest + days.length)
      })
    )
  })
})
