import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exportCommand } from '../../src/cli/export.ts'
import type { PastRequest } from '../../src/cli/history-files.ts'
import { importCommand } from '../../src/cli/import.ts'
import { importXente } from '../../src/cli/import-xente.ts'
import type { EventInput } from '../../src/domain/event.ts'
import { copyOf, fixtureOf, realDataOf, runCommand, tableOf, withCell, workFolder } from './run-command.ts'

const MADE_UP = fixtureOf('xente')
const REAL = realDataOf('xente')
const at = (text: string) => Date.parse(`${text}Z`)

describe('assay import xente', () => {
  test('tells a loan that is paid late, in two parts, from its decision to its closing', async () => {
    const { events } = await importXente(MADE_UP)
    const dueAtMs = at('2018-11-04T10:00:05')
    const disbursedAtMs = at('2018-10-05T10:00:10.002')
    expect(events.filter(({ applicantId }) => applicantId === 'made-up-2')).toStrictEqual([
      event('L-2.decision.made', '2018-10-05T10:00:10.001', { applicationId: 'L-2', outcome: 'APPROVE' }),
      event('L-2.loan.disbursed', '2018-10-05T10:00:10.002', {
        loanId: 'L-2',
        principalMinor: 10_000_000,
        termDays: 30,
        dueAtMs
      }),
      event('R-2.repayment.received', '2018-10-25T08:00:00', {
        loanId: 'L-2',
        instalmentNo: 1,
        dueAtMs,
        amountMinor: 2_000_000,
        kind: 'partial'
      }),
      event('L-2.repayment.due', '2018-11-04T10:00:05', { loanId: 'L-2', instalmentNo: 1, amountMinor: 8_000_000 }),
      event('L-2.loan.closed', '2018-12-20T08:00:00', { loanId: 'L-2', disbursedAtMs, dueAtMs }),
      event('R-3.repayment.received', '2018-12-20T08:00:00', {
        loanId: 'L-2',
        instalmentNo: 1,
        dueAtMs,
        amountMinor: 8_500_050,
        kind: 'final'
      })
    ])
  })

  test('makes an application of each request, with the outcome that the label tells and no other', async () => {
    const { applications = [] } = await importXente(MADE_UP)
    expect(applications.find(({ applicationId }) => applicationId === 'L-2')).toStrictEqual({
      applicationId: 'L-2',
      applicantId: 'made-up-2',
      product: 'consumer',
      amountMinor: 10_000_000,
      currency: 'UGX',
      term: { count: 30, unit: 'day' },
      purpose: 'consumption',
      applicant: {},
      consents: ['automated_decision'],
      asOf: at('2018-10-05T10:00:10'),
      outcome: 'good'
    })
    // L-2 was paid after it was due and counts as good all the same; L-6 has no label; T-… were rejected or have no loan.
    expect(applications.map(({ applicationId, outcome }) => [applicationId, outcome])).toStrictEqual([
      ['T-1.1538380810', undefined],
      ['L-1', 'good'],
      ['L-2', 'good'],
      ['L-3', 'bad'],
      ['T-5.1544032800', undefined],
      ['L-4', 'good'],
      ['L-5', 'good'],
      ['L-6', undefined],
      ['T-9.1553191240', undefined],
      ['T-5.1553277600', undefined]
    ])
    expect(applications.filter((application) => 'outcome' in application)).toHaveLength(5)
  })

  test('tells a rejection a millisecond after its request, and no loan of it', async () => {
    const { events } = await importXente(MADE_UP)
    expect(events.filter(({ eventId }) => eventId.startsWith('T-5.1544032800'))).toStrictEqual([
      {
        ...event('T-5.1544032800.decision.made', '2018-12-05T18:00:00.001', {
          applicationId: 'T-5.1544032800',
          outcome: 'DECLINE'
        }),
        applicantId: 'made-up-3'
      }
    ])
  })

  test('gives two requests that stand beside both of their loans the loan that was issued nearest to each', async () => {
    const { applications = [] } = await importXente(MADE_UP)
    const asOf = (id: string) => applications.find(({ applicationId }) => applicationId === id)?.asOf
    expect(asOf('L-4')).toBe(at('2019-02-28T16:42:48'))
    expect(asOf('L-5')).toBe(at('2019-02-28T16:42:54'))
  })

  test('takes thirty days where a loan has no due date, tells no due date of a loan that is closed by then', async () => {
    const { events, counts } = await importXente(MADE_UP)
    expect(events.find(({ eventId }) => eventId === 'L-5.repayment.due')?.occurredAtMs).toBe(at('2019-03-30T16:42:53'))
    expect(events.filter(({ type }) => type === 'repayment.due').map(({ eventId }) => eventId)).toStrictEqual([
      'L-2.repayment.due',
      'L-3.repayment.due',
      'L-5.repayment.due'
    ])
    expect(counts).toStrictEqual({
      requestRows: 14,
      loans: 6,
      rejected: 3,
      acceptedWithoutLoan: 1,
      loansWithoutDueDate: 1,
      purchases: 4,
      repeatedRows: 1
    })
  })

  test('closes a loan with its last payment when that is final, and leaves it open otherwise', async () => {
    const { events } = await importXente(MADE_UP)
    const closed = events.filter(({ type }) => type === 'loan.closed').map(({ eventId }) => eventId)
    expect(closed).toStrictEqual(['L-1', 'L-2', 'L-4', 'L-5', 'L-6'].map((loanId) => `${loanId}.loan.closed`))
    const twiceFinal = await withCell('xente', { table: 'transactions', row: 3, column: 'IsFinalPayBack', cell: '1' })
    const again = await importXente(twiceFinal)
    expect(again.events).toStrictEqual(events)
  })

  test('reads purchases with the day before the month, in full price, none of it on credit', async () => {
    const { events } = await importXente(MADE_UP)
    expect(events.filter(({ type }) => type === 'order.paid').slice(1, 3)).toStrictEqual([
      {
        ...event('T-102.order.paid', '2019-01-12T07:05:01', {
          orderId: 'T-102',
          merchant: 'P-4',
          goods: 'services',
          amountMinor: 10_000_000,
          creditPermille: 0
        }),
        applicantId: 'made-up-4'
      },
      {
        ...event('T-103.order.paid', '2019-02-28T16:00:00', {
          orderId: 'T-103',
          merchant: 'P-4',
          goods: 'household',
          amountMinor: 369_000,
          creditPermille: 0
        }),
        applicantId: 'made-up-4'
      }
    ])
  })

  test.each([
    ['transactions', 2, 'TransactionStartTime', '2/10/18 09:00:10', 'is no time like'],
    ['transactions', 2, 'Value', '-50000', 'is no amount like'],
    ['transactions', 2, 'Value', '5e-01', 'is no amount like'],
    ['transactions', 2, 'CurrencyCode', 'KES', 'must be one of UGX'],
    ['transactions', 2, 'TransactionStatus', '2', 'must be one of 0, 1'],
    ['transactions', 2, 'IssuedDateLoan', 'NA', 'is empty'],
    ['transactions', 2, 'LoanId', 'NA', 'is empty'],
    ['transactions', 2, 'PayBackId', 'a b', 'is no id'],
    ['transactions', 2, 'AmountLoan', '1e+09', 'is above 100000000'],
    ['transactions', 2, 'PaidOnDate', '2018-10-02 09:00:10', 'is not after TransactionStartTime'],
    ['transactions', 2, 'DueDate', '2018-10-02 09:00:09', 'is not after TransactionStartTime'],
    ['transactions', 2, 'IsFinalPayBack', 'yes', 'must be one of 0, 1'],
    ['transactions', 2, 'IsDefaulted', '2', 'must be one of 0, 1'],
    ['purchases', 2, 'TransactionStartTime', '2019-01-12 07:05:01', 'is no time like 30/6/19 22:57:49'],
    ['purchases', 2, 'TransactionStartTime', '1/13/19 7:05:01', 'is no day or time of the calendar'],
    ['purchases', 2, 'Value', '0', 'must be above zero'],
    ['purchases', 2, 'ProductCategory', 'weapons', 'must be one of airtime']
  ])('refuses a row of %s, %i below the header, whose %s is “%s”, and writes nothing', async (...given) => {
    const [table, row, column, cell, problem] = given
    const folder = await withCell('xente', { table, row, column, cell })
    const out = await workFolder()
    const failure = runCommand(importCommand, 'xente', folder, '--out', out)
    await expect(failure).rejects.toThrow(`${join(folder, `${table}.csv`)}, line ${row + 1}: column ${column}: `)
    await expect(failure).rejects.toThrow(problem)
    expect(await readdir(out)).toStrictEqual([])
  })

  test.each([
    [4, 'IsDefaulted', '1', 'column LoanId: another row says something else of L-2'],
    [4, 'CustomerId', 'made-up-9', 'column TransactionId: another row says something else of T-3'],
    [4, 'LoanId', 'L-3', 'column LoanId: another row says something else of L-3'],
    [4, 'PayBackId', 'R-1', 'column PayBackId: another row says something else of R-1'],
    [9, 'AmountLoan', '1231', 'column PayBackId: another row says something else of R-6']
  ])('refuses row %i when its %s is “%s”, which another row contradicts', async (row, column, cell, problem) => {
    await expect(importXente(await withCell('xente', { table: 'transactions', row, column, cell }))).rejects.toThrow(
      problem
    )
  })

  test.skipIf(!existsSync(REAL))('reads every request, loan and purchase of the real tables', async () => {
    const { events, applications = [], counts } = await importXente(REAL)
    expect(counts).toStrictEqual({
      requestRows: 2100,
      loans: 1159,
      rejected: 612,
      acceptedWithoutLoan: 1,
      loansWithoutDueDate: 2,
      purchases: 16_327,
      repeatedRows: 0
    })
    expect(applications).toHaveLength(1159 + 612 + 1)
    expect(applications.filter(({ outcome }) => outcome === 'bad')).toHaveLength(71)
    expect(applications.filter(({ outcome }) => outcome === 'good')).toHaveLength(1159 - 71)
    expectAfterApplication(events, applications)
  })
})

describe('what Xente’s tables tell too early', () => {
  test('happens after the application of its loan, without exception', async () => {
    const { events, applications = [] } = await importXente(MADE_UP)
    expectAfterApplication(events, applications)
  })

  test('never reaches an application: columns that leak may say anything', async () => {
    const { applications } = await importXente(MADE_UP)
    const [header = '', ...rows] = await tableOf('xente', 'transactions')
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.boolean(), async (days, isFinal) => {
        const changed = rows.map((row) =>
          changeRow(header, row, (cells) => ({
            ...cells,
            PaidOnDate: later(cells.PaidOnDate, days),
            DueDate: later(cells.DueDate, days),
            IsFinalPayBack: isFinal ? '1' : '0',
            PayBackId: `${cells.PayBackId}-${days}`,
            AmountLoan: String(days),
            ThirdPartyId: 'NA',
            IsThirdPartyConfirmed: isFinal ? '0' : '1'
          }))
        )
        const folder = await copyOf('xente', { transactions: [header, ...changed].join('\n') })
        expect((await importXente(folder)).applications).toStrictEqual(applications)
      }),
      { numRuns: 20 }
    )
  })

  test('never reaches an event before it happened: other payments after an instant leave all events until then', async () => {
    const { events } = await importXente(MADE_UP)
    const [header = '', ...rows] = await tableOf('xente', 'transactions')
    const instants = fc.integer({ min: at('2018-10-02T00:00:00'), max: at('2019-04-10T00:00:00') })
    await fc.assert(
      fc.asyncProperty(instants, fc.integer({ min: 1, max: 400 }), async (instantMs, days) => {
        const changed = rows.map((row) =>
          changeRow(header, row, (cells) => {
            if (cells.PaidOnDate === 'NA' || at(`${cells.PaidOnDate}`.replace(' ', 'T')) <= instantMs) return cells
            return {
              ...cells,
              PaidOnDate: later(cells.PaidOnDate, days),
              IsFinalPayBack: cells.IsFinalPayBack === '1' ? '0' : '1',
              PayBackId: `${cells.PayBackId}-${days}`,
              AmountLoan: String(days)
            }
          })
        )
        const folder = await copyOf('xente', { transactions: [header, ...changed].join('\n') })
        const until = (all: readonly EventInput[]) => all.filter(({ occurredAtMs }) => occurredAtMs <= instantMs)
        expect(until((await importXente(folder)).events)).toStrictEqual(until(events))
      }),
      { numRuns: 30 }
    )
  })
})

test('assay export makes a training table of what was imported from Xente', async () => {
  const folder = await workFolder()
  await runCommand(importCommand, 'xente', MADE_UP, '--out', folder)
  const inputs = ['--events', `${folder}/events.ndjson`, '--applications', `${folder}/applications.ndjson`]
  const summary = await runCommand(exportCommand, ...inputs, '--out', `${folder}/table.csv`)
  expect(summary).toMatchObject({ rows: 10, events: 36 })
})

function event(eventId: string, occurredAt: string, data: object) {
  const type = eventId.split('.').slice(-2).join('.')
  return { eventId, type, occurredAtMs: at(occurredAt), applicantId: 'made-up-2', data }
}

function expectAfterApplication(events: readonly EventInput[], applications: readonly PastRequest[]): void {
  const asOf = new Map(applications.map((application) => [application.applicationId, application.asOf]))
  const early = events
    .filter(({ type }) => type !== 'order.paid')
    .filter(({ data, occurredAtMs }) => {
      const { loanId, applicationId = loanId } = data as { loanId?: string; applicationId?: string }
      return !(occurredAtMs > (asOf.get(applicationId ?? '') ?? Number.POSITIVE_INFINITY))
    })
  expect(early).toStrictEqual([])
}

type Cells = Readonly<Record<string, string>>

function changeRow(header: string, row: string, change: (cells: Cells) => Cells): string {
  const names = header.split(',')
  const cells = row.split(',')
  const changed = change(Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ''])))
  return names
    .map((name) => (cells[names.indexOf('LoanId')] === 'NA' ? cells[names.indexOf(name)] : changed[name]))
    .join(',')
}

function later(cell: string | undefined, days: number): string {
  if (cell === undefined || cell === 'NA') return 'NA'
  return new Date(at(cell.replace(' ', 'T')) + days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
}
