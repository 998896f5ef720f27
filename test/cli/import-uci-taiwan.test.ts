import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportCommand } from '../../src/cli/export.ts'
import { importCommand } from '../../src/cli/import.ts'
import { importUciTaiwan } from '../../src/cli/import-uci-taiwan.ts'
import { copyOf, fixtureOf, realDataOf, runCommand, tableOf, withCell, workFolder } from './run-command.ts'

const MADE_UP = fixtureOf('uci-taiwan')
const REAL = realDataOf('uci-taiwan')
const EVENTS_OF_A_CLIENT = 18

describe('assay import uci-taiwan', () => {
  test('tells payment, bill and status at the end of each month, from April to September', async () => {
    const { events } = await importUciTaiwan(MADE_UP)
    const ofClient = events.filter(({ applicantId }) => applicantId === 'uci-7')
    expect(ofClient).toHaveLength(EVENTS_OF_A_CLIENT)
    expect(ofClient.slice(0, 6)).toStrictEqual([
      event('2005-04.bill.paid', '2005-04-30T23:59:57Z', { amountMinor: 16_000 }),
      event('2005-04.bill.issued', '2005-04-30T23:59:58Z', { balanceMinor: 160_000, utilisationPermille: 18 }),
      event('2005-04.bill.status', '2005-04-30T23:59:59Z', { status: 'late', monthsLate: 8 }),
      event('2005-05.bill.paid', '2005-05-31T23:59:57Z', { amountMinor: 0, paidPermille: 0 }),
      event('2005-05.bill.issued', '2005-05-31T23:59:58Z', { balanceMinor: 150_000, utilisationPermille: 17 }),
      event('2005-05.bill.status', '2005-05-31T23:59:59Z', { status: 'late', monthsLate: 2 })
    ])
    // PAY_0 is September, BILL_AMT1 and PAY_AMT1 as well; the payment was for August’s bill.
    expect(ofClient.slice(-3)).toStrictEqual([
      event('2005-09.bill.paid', '2005-09-30T23:59:57Z', { amountMinor: 11_000, paidPermille: 92 }),
      event('2005-09.bill.issued', '2005-09-30T23:59:58Z', { balanceMinor: 110_000, utilisationPermille: 12 }),
      event('2005-09.bill.status', '2005-09-30T23:59:59Z', { status: 'late', monthsLate: 1 })
    ])
  })

  test('tells the four statuses by their meaning', async () => {
    const { events } = await importUciTaiwan(MADE_UP)
    const statuses = events.filter(({ type, applicantId }) => type === 'bill.status' && applicantId === 'uci-7')
    expect(statuses.map(({ data }) => data)).toStrictEqual([
      { status: 'late', monthsLate: 8 },
      { status: 'late', monthsLate: 2 },
      { status: 'unused', monthsLate: 0 },
      { status: 'paid_in_full', monthsLate: 0 },
      { status: 'revolving', monthsLate: 0 },
      { status: 'late', monthsLate: 1 }
    ])
  })

  test('reads rounded notation and credits, and tells no share of a bill that owes nothing', async () => {
    const { events } = await importUciTaiwan(MADE_UP)
    const data = (id: string) => events.find(({ eventId }) => eventId === `uci-9.${id}`)?.data
    expect(data('2005-05.bill.issued')).toStrictEqual({ balanceMinor: -32_600, utilisationPermille: -1 })
    expect(data('2005-06.bill.paid')).toStrictEqual({ amountMinor: 500_000 })
    expect(data('2005-08.bill.paid')).toStrictEqual({ amountMinor: 10_000_000, paidPermille: 556 })
    expect(data('2005-09.bill.issued')).toStrictEqual({ balanceMinor: 20_000_000, utilisationPermille: 400 })
  })

  test('makes one application of each client when September is over, after all of its events', async () => {
    const { events, applications = [], counts } = await importUciTaiwan(MADE_UP)
    expect(applications.find(({ applicantId }) => applicantId === 'uci-9')).toStrictEqual({
      applicationId: 'uci-9',
      applicantId: 'uci-9',
      product: 'consumer',
      amountMinor: 50_000_000,
      currency: 'TWD',
      term: { count: 1, unit: 'month' },
      purpose: 'consumption',
      applicant: { birthYear: 1977 },
      consents: ['automated_decision'],
      asOf: Date.parse('2005-10-01T00:00:00Z'),
      outcome: 'bad'
    })
    expect(applications.map(({ outcome }) => outcome)).toStrictEqual([undefined, 'good', 'bad'])
    expect(events.filter(({ occurredAtMs }) => occurredAtMs >= (applications[0]?.asOf ?? 0))).toStrictEqual([])
    expect(counts).toStrictEqual({ clients: 3, repeatedRows: 0 })
  })

  test('reads neither sex nor education nor marriage', async () => {
    const [header = '', ...rows] = await tableOf('uci-taiwan', 'clients')
    const left = (line: string) => line.split(',').toSpliced(2, 3).join(',')
    const folder = await copyOf('uci-taiwan', { clients: [header, ...rows].map(left).join('\n') })
    expect(await importUciTaiwan(folder)).toStrictEqual(await importUciTaiwan(MADE_UP))
  })

  test.each([
    ['LIMIT_BAL', '0', 'must be above zero'],
    ['LIMIT_BAL', '1.00E+09', 'is above 100000000'],
    ['AGE', 'old', 'is no whole number'],
    ['AGE', '106', 'must be between 0 and 105'],
    ['PAY_0', '-3', 'must be between -2 and 120'],
    ['PAY_6', '', 'is empty'],
    ['BILL_AMT1', '--5', 'is no amount like'],
    ['PAY_AMT3', '-1', 'is no amount like'],
    ['DEFAULT_NEXT_MONTH', 'no', 'must be one of 0, 1'],
    ['ID', 'a b', 'is no id']
  ])('refuses a client whose %s is “%s” and writes nothing', async (column, cell, problem) => {
    const folder = await withCell('uci-taiwan', { table: 'clients', row: 2, column, cell })
    const out = await workFolder()
    const failure = runCommand(importCommand, 'uci-taiwan', folder, '--out', out)
    await expect(failure).rejects.toThrow(`${join(folder, 'clients.csv')}, line 3: column ${column}: `)
    await expect(failure).rejects.toThrow(problem)
    expect(await readdir(out)).toStrictEqual([])
  })

  test('refuses a client that stands twice with different values', async () => {
    const folder = await withCell('uci-taiwan', { table: 'clients', row: 2, column: 'ID', cell: '7' })
    await expect(importUciTaiwan(folder)).rejects.toThrow('line 3: column ID: 7 stands twice, with different values')
  })

  test('makes a training table with assay export, birth years beside it', async () => {
    const folder = await workFolder()
    await runCommand(importCommand, 'uci-taiwan', MADE_UP, '--out', folder)
    const inputs = ['--events', `${folder}/events.ndjson`, '--applications', `${folder}/applications.ndjson`]
    const summary = await runCommand(exportCommand, ...inputs, '--out', `${folder}/table.csv`)
    expect(summary).toMatchObject({ rows: 3, events: 3 * EVENTS_OF_A_CLIENT })
    expect(await readFile(join(folder, 'table.facts.csv'), 'utf8')).toBe(
      'applicationId,birthYear,employment,education,bankAccountType\nuci-12,1944,,,\nuci-7,1970,,,\nuci-9,1977,,,\n'
    )
  })

  test.skipIf(!existsSync(REAL))('reads every client of the real table', async () => {
    const { events, applications = [], counts } = await importUciTaiwan(REAL)
    expect(counts).toStrictEqual({ clients: 24_091, repeatedRows: 0 })
    expect(events).toHaveLength(24_091 * EVENTS_OF_A_CLIENT)
    expect(applications.filter(({ outcome }) => outcome === 'bad')).toHaveLength(5336)
    expect(applications.filter(({ outcome }) => outcome === undefined)).toHaveLength(0)
  })
})

function event(id: string, occurredAt: string, data: object) {
  const type = id.split('.').slice(1).join('.')
  return { eventId: `uci-7.${id}`, type, occurredAtMs: Date.parse(occurredAt), applicantId: 'uci-7', data }
}
