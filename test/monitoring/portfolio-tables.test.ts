import { describe, expect, test } from 'vitest'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { readLoanHistories } from '../../src/loans/redis-loan-book.ts'
import { rollRates } from '../../src/loans/roll-rates.ts'
import { vintages } from '../../src/loans/vintages.ts'
import { createIfrs9Stage, createRollVintage } from '../../src/monitoring/portfolio-table-jobs.ts'
import { monthTables, stageTable } from '../../src/monitoring/portfolio-tables.ts'
import { at, disbursed, paid, UTC } from '../loans/loan-events.ts'
import { REF, watchLoans } from './watched-loans.ts'

const rows = (...dates: string[]) => dates.map((date) => [date, 1000] as const)
const LATE = disbursed('2024-01-01', rows('2024-01-20', '2024-02-20'), { principalMinor: 2000, currency: 'CNY' })
const GOOD = disbursed('2024-01-01', rows('2024-01-20', '2024-03-20'), { principalMinor: 2000, currency: 'CNY' })
const PAID = paid('2024-01-20', 1000, '08:00:00')
const OTHER = disbursed('2024-01-01', rows('2024-03-20'), { principalMinor: 1000, currency: 'NGN' })

async function* book(...histories: (readonly Parameters<typeof foldLoan>[0][])[]) {
  for (const events of histories.flat()) yield foldLoan(events, UTC)
}

describe('tables of the portfolio', () => {
  test('have stages by currency, with a loss for each', async () => {
    const table = await stageTable(book([[LATE], [GOOD, PAID], [OTHER]]), at('2024-02-29', '23:59:59'))
    expect(table.map(({ currency, stage, loans, balanceMinor }) => [currency, stage, loans, balanceMinor])).toEqual([
      ['CNY', 1, 1, 1000],
      ['CNY', 2, 1, 2000],
      ['NGN', 1, 1, 1000]
    ])
    for (const { expectedLossMinor, balanceMinor, stage } of table) {
      expect(expectedLossMinor).toBeGreaterThan(0)
      expect(expectedLossMinor / balanceMinor).toBeLessThan(stage === 1 ? 0.05 : 0.6)
    }
  })

  test('have rolls and vintages that add up loan by loan to those of all loans of a currency', async () => {
    const loans = [[LATE], [GOOD, PAID]]
    const tables = await monthTables(book(loans), '2024-02', 0)
    const all = loans.map((events) => foldLoan(events, UTC))
    const { matrix } = rollRates(all, '2024-02', 0)
    expect(tables.rolls.map(({ from, to, balanceMinor }) => balanceMinor - matrix[from][to])).toEqual(
      tables.rolls.map(() => 0)
    )
    expect(tables.rolls.reduce((sum, { balanceMinor }) => sum + balanceMinor, 0)).toBe(3000)
    const [expected] = vintages(all, '2024-02', 0)
    expect(tables.vintages).toMatchObject([
      {
        currency: 'CNY',
        month: '2024-01',
        loans: 2,
        originatedMinor: 4000,
        over30Minor: expected?.points.map(({ over30Minor }) => over30Minor)
      }
    ])
  })

  test('freeze a month’s end: what is told later changes only what is known now', async () => {
    const watched = await watchLoans({ nowMs: at('2024-03-01', '02:00:00') })
    const { redis, keys, loans } = watched
    const deps = {
      redis,
      keys,
      readBook: () => readLoanHistories({ redis, keys, loans }),
      utcOffsetMinutes: 0,
      nowMs: () => watched.nowMs
    }
    await watched.add([LATE])
    expect([await createIfrs9Stage(deps)(), await createRollVintage(deps)()]).toEqual(['done', 'done'])
    const frozen = [
      await redis.hget(keys.portfolioTable('stages'), '2024-02-29'),
      await redis.hget(keys.portfolioTable('months'), '2024-02')
    ]
    await watched.add([GOOD, PAID], { ...REF, loanId: 'L2' })
    expect([await createIfrs9Stage(deps)(), await createRollVintage(deps)()]).toEqual(['already_done', 'already_done'])
    expect([
      await redis.hget(keys.portfolioTable('stages'), '2024-02-29'),
      await redis.hget(keys.portfolioTable('months'), '2024-02')
    ]).toEqual(frozen)
    expect(await redis.hget(keys.portfolioTable('months-now'), '2024-02')).not.toBe(frozen[1])
    watched.nowMs = at('2024-03-02', '02:00:00')
    expect(await createIfrs9Stage(deps)()).toBe('done')
    await watched.add([OTHER], { ...REF, loanId: 'L3' })
    const before = await redis.hget(keys.portfolioTable('stages'), '2024-03-01')
    expect(await createIfrs9Stage(deps)()).toBe('done')
    expect(await redis.hget(keys.portfolioTable('stages'), '2024-03-01')).not.toBe(before)
  })
})
