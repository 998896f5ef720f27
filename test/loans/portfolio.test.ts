import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectedLossMinor, exposureByMonth } from '../../src/loans/expected-loss.ts'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { addMonths, monthAt, monthEndMs, sharePpm } from '../../src/loans/month-end.ts'
import { rollRates } from '../../src/loans/roll-rates.ts'
import { paymentDefaults, vintages } from '../../src/loans/vintages.ts'
import { at, disbursed, loanEvent, loanOn, paid, type Row, UTC } from './loan-events.ts'

const closed = (date: string) => loanEvent('loan.closed', at(date), { disbursedAtMs: at(date), dueAtMs: at(date) })
const book = (...loans: readonly Parameters<typeof foldLoan>[0][]) => loans.map((events) => foldLoan(events, UTC))
/** Paid out in November: 1,000.01 due on 31 January, the same a month later. */
const ROWS: readonly Row[] = [
  ['2024-01-31', 100_001],
  ['2024-02-29', 100_001]
]

describe('a month’s end', () => {
  test('is the last millisecond of the month where the portfolio is, in leap years as well', () => {
    expect(monthEndMs('2024-02', 0)).toBe(at('2024-02-29', '23:59:59.999'))
    expect(monthEndMs('2023-02', 0)).toBe(at('2023-02-28', '23:59:59.999'))
    expect(monthEndMs('2024-12', 480)).toBe(at('2024-12-31', '15:59:59.999'))
    expect(monthAt(at('2024-12-31', '16:00:00'), 480)).toBe('2025-01')
    expect([addMonths('2024-12', 1), addMonths('2024-01', -1), addMonths('2024-03', 22)]).toEqual([
      '2025-01',
      '2023-12',
      '2026-01'
    ])
  })

  test('a share is exact and rounded half up, and of nothing it is none', () => {
    expect([sharePpm(1, 3), sharePpm(2, 3), sharePpm(1, 2_000_000), sharePpm(0, 0)]).toEqual([
      333_333,
      666_667,
      1,
      null
    ])
  })
})

describe('roll rates', () => {
  const run = disbursed('2023-11-01', ROWS)
  // At the end of February the first instalment is 29 days late, so in M1; at the end of March 60, in M2.
  const late = [run]
  const cured = [run, paid('2024-03-10', 200_002)]
  const partly = [run, paid('2024-03-10', 50_000)]
  const gone = [run, closed('2024-03-05')]
  const lost = [run, loanEvent('loan.written_off', at('2024-03-06'), {})]
  const fresh = [disbursed('2024-03-15', [['2024-06-30', 70_000]])]

  test('hold where each cent of February’s balance was at the end of March', () => {
    const rates = rollRates(book(late, cured, partly, gone, lost, fresh), '2024-03', 0)
    expect(rates.loans).toMatchObject({ M0: 0, M1: 5 })
    expect(rates.beforeMinor).toMatchObject({ M0: 0, M1: 1_000_010 })
    expect(rates.matrix.M1).toMatchObject({ M0: 200_002, M1: 0, M2: 400_004, closed: 200_002, written_off: 200_002 })
    expect(rates.nowMinor).toMatchObject({ M0: 70_000, M1: 0, M2: 350_004 })
    // 3,500.04 of 10,000.10 is 35.0000499995 %.
    expect(rates.rollPpm).toMatchObject({ M1: null, M2: 350_000, M3: null })
  })

  test('every cent of the month before is somewhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 1, max: 28 })), { maxLength: 6 }),
        (pays) => {
          const loans = pays.map(([amount, day]) => [run, paid(`2024-03-${String(day).padStart(2, '0')}`, amount)])
          const { matrix, beforeMinor } = rollRates(book(...loans), '2024-03', 0)
          const moved = Object.values(matrix).flatMap((row) => Object.values(row))
          const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
          expect(sum(moved)).toBe(sum(Object.values(beforeMinor)))
        }
      ),
      { numRuns: 50 }
    )
  })

  test('what happens after the month changes nothing of it', () => {
    const after = [...late, paid('2024-04-01', 200_002), closed('2024-04-02')]
    expect(rollRates(book(after), '2024-03', 0)).toEqual(rollRates(book(late), '2024-03', 0))
  })
})

describe('vintages', () => {
  const of = (more: object, ...events: readonly ReturnType<typeof paid>[]) => [
    disbursed(
      '2024-01-01',
      [
        ['2024-01-31', 60_000],
        ['2024-02-29', 40_000]
      ],
      { channel: 'web', ...more }
    ),
    ...events
  ]

  test('count what was owed when a loan was first seen that late, once, whatever became of it', () => {
    const never = of({})
    const cured = of({}, paid('2024-03-10', 10_000), paid('2024-04-10', 90_000))
    const good = of({}, paid('2024-01-31', 60_000), paid('2024-02-29', 40_000))
    const lost = of({}, loanEvent('loan.written_off', at('2024-02-10'), { amountMinor: 99_999 }) as never)
    const other = of({ channel: 'shop' })
    const tables = vintages(book(never, cured, good, lost, other), '2024-05', 0)
    expect(
      tables.map(({ month, channel, loans, originatedMinor }) => [month, channel, loans, originatedMinor])
    ).toEqual([
      ['2024-01', 'shop', 1, 100_000],
      ['2024-01', 'web', 4, 400_000]
    ])
    expect(
      tables[1]?.points.map(({ monthsOnBook, over30Minor, over90Minor }) => [monthsOnBook, over30Minor, over90Minor])
    ).toEqual([
      [0, 0, 0],
      [1, 99_999, 99_999],
      [2, 289_999, 99_999],
      [3, 289_999, 99_999],
      [4, 289_999, 199_999]
    ])
    expect(tables[1]?.points.at(-1)).toMatchObject({ over30Ppm: 724_998, over90Ppm: 499_998 })
  })

  test('first payment default counts loans that had the time to be so late', () => {
    const days = (date: string, ...events: readonly ReturnType<typeof paid>[]) => loanOn(date, of({}, ...events))
    const loans = [days('2024-03-15'), days('2024-03-15', paid('2024-02-05', 60_000)), days('2024-02-15')]
    expect(paymentDefaults(loans, 1, 30)).toEqual({ matured: 2, defaulted: 1, defaultedPpm: 500_000 })
    expect(paymentDefaults(loans, 1, 3)).toEqual({ matured: 3, defaulted: 3, defaultedPpm: 1_000_000 })
    expect(paymentDefaults(loans, 3, 3)).toEqual({ matured: 0, defaulted: 0, defaultedPpm: null })
  })
})

describe('expected loss', () => {
  const flat = {
    scenarios: [{ weightPpm: 1_000_000, monthlyPdPpm: 10_000, lossGivenDefaultPpm: 500_000 }],
    monthlyRatePpm: 0
  }

  test('by hand: 1 % a month of 1,000.00 then 500.00, half of it lost', () => {
    // 0.01 × 100000 × 0.5 + 0.99 × 0.01 × 50000 × 0.5 = 500 + 247.5, rounded half up
    expect(expectedLossMinor(1, [100_000, 50_000], flat)).toBe(748)
    expect(expectedLossMinor(3, [100_000, 50_000], flat)).toBe(50_000)
    // discounted by 2 % a month: 500 / 1.02 + 247.5 / 1.0404 = 490.196 + 237.889
    expect(expectedLossMinor(1, [100_000, 50_000], { ...flat, monthlyRatePpm: 20_000 })).toBe(728)
  })

  test('twelve months in stage 1, the whole life in stage 2', () => {
    const months = Array.from({ length: 24 }, () => 100_000)
    const surviving = (count: number) => Math.round(50_000 * (1 - 0.99 ** count))
    expect(expectedLossMinor(1, months, flat)).toBe(surviving(12))
    expect(expectedLossMinor(2, months, flat)).toBe(surviving(24))
  })

  test('scenarios count by their weights, which must come to a million', () => {
    const [mild, hard] = [
      { weightPpm: 700_000, monthlyPdPpm: 10_000, lossGivenDefaultPpm: 500_000 },
      { weightPpm: 300_000, monthlyPdPpm: 30_000, lossGivenDefaultPpm: 600_000 }
    ]
    expect(expectedLossMinor(1, [100_000], { scenarios: [mild, hard], monthlyRatePpm: 0 })).toBe(350 + 540)
    expect(() => expectedLossMinor(1, [1], { scenarios: [mild], monthlyRatePpm: 0 })).toThrow(RangeError)
  })

  test('what is owed each month to come follows the schedule; what is overdue stays owed', () => {
    const run = disbursed('2024-01-01', [
      ['2024-01-31', 100, 10],
      ['2024-02-29', 100, 10],
      ['2024-03-31', 100, 10]
    ])
    expect(exposureByMonth(loanOn('2024-01-15', [run]))).toEqual([330, 220, 110])
    expect(exposureByMonth(loanOn('2024-02-15', [run, paid('2024-02-01', 50)]))).toEqual([280, 170])
    expect(exposureByMonth(loanOn('2024-02-15', [run, closed('2024-02-01')]))).toEqual([])
  })
})
