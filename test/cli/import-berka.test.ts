import { existsSync } from 'node:fs'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importCommand } from '../../src/cli/import.ts'
import { importBerka } from '../../src/cli/import-berka.ts'
import { copyOf, fixtureOf, realDataOf, runCommand, tableOf, withCell, workFolder } from './run-command.ts'

const MADE_UP = fixtureOf('berka')
const REAL = realDataOf('berka')
const TRANSACTIONS = 'transactions_1993-01_1993-02'

describe('assay import berka', () => {
  test('opens accounts at the first instant of their day and leaves out what opens after the last transaction', async () => {
    const { events, counts } = await importBerka(MADE_UP)
    expect(events.filter(({ type }) => type === 'account.registered')).toStrictEqual(
      ['1993-01-05', '1993-01-06', '1993-01-07'].map((day, index) => ({
        eventId: `berka-${11 + index}.account.registered`,
        type: 'account.registered',
        occurredAtMs: Date.parse(day),
        applicantId: `berka-${11 + index}`,
        data: {}
      }))
    )
    expect(counts).toStrictEqual({
      accounts: 3,
      transactions: 11,
      accountDays: 7,
      daysOrderedById: 0,
      accountsOpenedLater: 1,
      repeatedRows: 0
    })
  })

  test('puts the transactions of a day at its end in the order of their balances, then the last balance', async () => {
    const { events } = await importBerka(MADE_UP)
    const ofDay = events.filter(
      ({ applicantId, occurredAtMs }) =>
        applicantId === 'berka-12' && new Date(occurredAtMs).toISOString().startsWith('1993-01-31')
    )
    // Neither the rows nor the ids are in this order; 5000.00 + 20.60 - 1000.00 - 14.60 = 4006.00 is.
    expect(ofDay).toStrictEqual([
      event('903.account.transaction', '1993-01-31T23:59:59.996Z', { amountMinor: 2060, purpose: 'interest' }),
      event('940.account.transaction', '1993-01-31T23:59:59.997Z', {
        amountMinor: -100_000,
        purpose: 'household',
        counterparty: 'YZ'
      }),
      event('902.account.transaction', '1993-01-31T23:59:59.998Z', { amountMinor: -1460, purpose: 'other' }),
      event('12.1993-01-31.account.balance', '1993-01-31T23:59:59.999Z', { balanceMinor: 400_600 })
    ])
  })

  test.each([
    [905, 70_000, 'cash'],
    [990, 500_000, 'pension'],
    [903, 2060, 'interest'],
    [940, -100_000, 'household'],
    [902, -1460, 'other'],
    [950, -80_000, 'card'],
    [910, -5000, 'cash'],
    [901, -250, 'penalty_interest'],
    [960, -50_000, 'insurance'],
    [961, -40_000, 'loan_payment'],
    [962, -10_000, 'transfer']
  ])('tells transaction %i as %i haléř of %s', async (id, amountMinor, purpose) => {
    const { events } = await importBerka(MADE_UP)
    const told = events.find(({ eventId }) => eventId === `berka-${id}.account.transaction`)
    expect(told?.data).toMatchObject({ amountMinor, purpose })
  })

  test('counts the days whose balances no order explains', async () => {
    const folder = await withCell('berka', {
      table: TRANSACTIONS,
      row: 4,
      column: 'balance',
      cell: '1.00',
      delimiter: ';'
    })
    const { counts } = await importBerka(folder)
    expect(counts).toMatchObject({ daysOrderedById: 1 })
  })

  test('takes the whole table without a part in its name, and refuses two of them', async () => {
    const folder = await copyOf('berka', {})
    await rename(join(folder, `${TRANSACTIONS}.csv`), join(folder, 'transactions.csv'))
    expect(await importBerka(folder)).toStrictEqual(await importBerka(MADE_UP))
    await writeFile(join(folder, 'transactions_1994.csv.gz'), '')
    await expect(importBerka(folder)).rejects.toThrow('has both transactions.csv and transactions_1994.csv.gz')
  })

  test.each([
    [TRANSACTIONS, 'date', '930231', 'is no day or time of the calendar'],
    [TRANSACTIONS, 'date', '1993-01-06', 'is no day like 930131'],
    [TRANSACTIONS, 'date', '930101', 'lies before the account was opened'],
    [TRANSACTIONS, 'date', '890106', 'lies before the year 1990'],
    [TRANSACTIONS, 'account_id', '99', 'is not in accounts'],
    [TRANSACTIONS, 'account_id', '"12a"', 'is no whole number'],
    [TRANSACTIONS, 'type', '"KREDIT"', 'must be one of PRIJEM, VYDAJ, VYBER'],
    [TRANSACTIONS, 'operation', '"SEK"', 'must be one of VKLAD'],
    [TRANSACTIONS, 'k_symbol', '"DAR"', 'must be one of DUCHOD'],
    [TRANSACTIONS, 'amount', '0.00', 'must be above zero'],
    [TRANSACTIONS, 'amount', '-5.00', 'is no amount like'],
    [TRANSACTIONS, 'balance', '', 'is empty'],
    ['accounts', 'date', '930132', 'is no day or time of the calendar'],
    ['accounts', 'account_id', '0', 'must be between 1 and 999999999']
  ])('refuses a row of %s whose %s is “%s” and writes nothing', async (table, column, cell, problem) => {
    const folder = await withCell('berka', { table, row: 2, column, cell, delimiter: ';' })
    const out = await workFolder()
    const failure = runCommand(importCommand, 'berka', folder, '--out', out)
    await expect(failure).rejects.toThrow(`${join(folder, `${table}.csv`)}, line 3: column ${column}: `)
    await expect(failure).rejects.toThrow(problem)
    expect(await readdir(out)).toStrictEqual([])
  })

  test('refuses a transaction id that stands twice with different values', async () => {
    const [header = '', ...rows] = await tableOf('berka', TRANSACTIONS)
    const twice = [header, ...rows, (rows[0] ?? '').replace('700.00;700.00', '800.00;800.00')]
    await expect(importBerka(await copyOf('berka', { [TRANSACTIONS]: twice.join('\n') }))).rejects.toThrow(
      'line 13: column trans_id: 905 stands twice, with different values'
    )
  })

  test.skipIf(!existsSync(REAL))(
    'reads every transaction of the real tables, each day in the order of its balances',
    async () => {
      const { events, applications, counts } = await importBerka(REAL)
      expect(counts).toMatchObject({ accounts: 1229, transactions: 49_102, daysOrderedById: 0, repeatedRows: 0 })
      expect(events.filter(({ type }) => type === 'account.transaction')).toHaveLength(49_102)
      expect(applications).toBeUndefined()
    }
  )
})

function event(id: string, occurredAt: string, data: object) {
  const type = id.split('.').slice(-2).join('.')
  return { eventId: `berka-${id}`, type, occurredAtMs: Date.parse(occurredAt), applicantId: 'berka-12', data }
}
