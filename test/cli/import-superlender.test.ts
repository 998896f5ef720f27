import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { PastRequestSchema } from '../../src/cli/history-files.ts'
import { importCommand } from '../../src/cli/import.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { EVENT_TYPES, type EventInput, EventInputSchema } from '../../src/domain/event.ts'
import { MADE_UP, readLines, runCommand, workFolder } from './run-command.ts'

interface Line {
  readonly applicationId: string
  readonly applicantId: string
  readonly asOf: number
  readonly outcome?: string
}

describe('assay import superlender', () => {
  test('writes events that the API would take, in order of time and then of id', async () => {
    const { events } = await importFrom(MADE_UP)
    const isEvent = compileCheck(EventInputSchema)
    for (const event of events) {
      expect(isEvent(event)).toMatchObject({ ok: true })
      expect(compileCheck(EVENT_TYPES[event.type].data)(event.data)).toMatchObject({ ok: true })
    }
    const keys = events.map(({ occurredAtMs, eventId }) => `${occurredAtMs} ${eventId}`)
    expect(keys).toStrictEqual(keys.toSorted())
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length)
  })

  test('writes applications in order of time, as requests with their instant and outcome', async () => {
    const { applications, summary } = await importFrom(MADE_UP)
    const isRequest = compileCheck(PastRequestSchema)
    for (const application of applications) expect(isRequest(application)).toMatchObject({ ok: true })
    expect(applications.map(({ asOf }) => asOf)).toStrictEqual(applications.map(({ asOf }) => asOf).toSorted())
    expect(summary).toMatchObject({ applications: 12, bads: 4, outcomesKnown: 12, withoutDemographics: 2 })
    expect(applications.find(({ applicantId }) => applicantId === 'made-up-01')).toStrictEqual({
      applicationId: '900001',
      applicantId: 'made-up-01',
      product: 'cash',
      amountMinor: 1_000_000,
      currency: 'NGN',
      term: { count: 30, unit: 'day' },
      purpose: 'other',
      applicant: { birthYear: 1979, employment: 'self_employed', bankAccountType: 'other' },
      consents: ['automated_decision'],
      asOf: Date.parse('2017-07-02T08:13:00Z'),
      outcome: 'good'
    })
  })

  test('tells the four moments of a loan, creation in UTC and the others in Lagos time', async () => {
    const folder = await copyOf({
      previous_loans: `${LOAN_HEADER}\np,1,1,2017-01-31 10:00:07.5,2017-01-31 09:00:00,15000.50,18000,30.0,2017-03-01 08:00:00,,2017-03-02,2017-03-01 07:59:59\n`
    })
    const { events } = await importFrom(folder)
    const disbursedAtMs = Date.parse('2017-01-31T09:00:07.500Z')
    const event = (type: string, occurredAt: string, data: object) => ({
      eventId: `1.${type}`,
      type,
      occurredAtMs: Date.parse(occurredAt),
      applicantId: 'p',
      data
    })
    expect(events).toStrictEqual([
      event('application.submitted', '2017-01-31T09:00:00Z', {
        applicationId: '1',
        product: 'cash',
        termDays: 30,
        amountMinor: 1_500_050
      }),
      event('loan.disbursed', '2017-01-31T09:00:07.500Z', { loanId: '1', termDays: 30, principalMinor: 1_500_050 }),
      event('repayment.received', '2017-03-01T06:59:59Z', {
        loanId: '1',
        instalmentNo: 1,
        dueAtMs: Date.parse('2017-03-01T23:00:00Z')
      }),
      event('loan.closed', '2017-03-01T07:00:00Z', {
        loanId: '1',
        disbursedAtMs,
        dueAtMs: disbursedAtMs + 30 * 86_400_000
      })
    ])
  })

  test('leaves out what is not known: the close of an open loan, an amount, an outcome, demographics', async () => {
    const { events } = await importFrom(MADE_UP)
    const count = (type: string) => events.filter((event) => event.type === type).length
    expect(count('loan.closed')).toBe(count('loan.disbursed') - 1)
    const amounts = events.filter(({ type, data }) => type === 'loan.disbursed' && !('principalMinor' in data))
    expect(amounts).toHaveLength(1)

    const heldBack = (await readFile(join(MADE_UP, 'applications.csv'), 'utf8')).replace(/,[^,\n]*$/gm, '')
    const folder = await copyOf({ applications: heldBack })
    const { applications, summary } = await importFrom(folder)
    expect(summary).toMatchObject({ applications: 12, bads: 0, outcomesKnown: 0 })
    expect(applications.every((application) => !('outcome' in application))).toBe(true)
  })

  test('reads packed files and ones without demographics', async () => {
    const folder = await workFolder()
    for (const name of ['applications', 'previous_loans'])
      await writeFile(join(folder, `${name}.csv.gz`), gzipSync(await readFile(join(MADE_UP, `${name}.csv`))))
    const { events, summary } = await importFrom(folder)
    expect(events).toStrictEqual((await importFrom(MADE_UP)).events)
    expect(summary).toMatchObject({ withoutDemographics: 12 })
  })

  test('counts a row that stands twice once and refuses one that contradicts an earlier one', async () => {
    const text = await readFile(join(MADE_UP, 'demographics.csv'), 'utf8')
    const last = text.trimEnd().split('\n').at(-1) ?? ''
    const repeated = await importFrom(await copyOf({ demographics: `${text}${last}\n` }))
    expect(repeated.summary).toMatchObject({ repeatedRows: 1 })
    const folder = await copyOf({ demographics: `${text}${last.replace(/\d{4}$/, '1960')}\n` })
    await expect(importFrom(folder)).rejects.toThrow(/demographics\.csv, line 12: column customerid: .* stands twice/)
  })

  test.each([
    ['applications', 'creationdate', '2017-06-31 10:00:00', 'is no day or time of the calendar'],
    ['applications', 'creationdate', '05/07/2017', 'is no time like 2017-07-05 16:04:18'],
    ['applications', 'creationdate', '', 'is empty'],
    ['applications', 'loanamount', '-5', 'is no amount like 15000.00'],
    ['applications', 'loanamount', '1e5', 'is no amount like 15000.00'],
    ['applications', 'loanamount', '0', 'must be above zero'],
    ['applications', 'loanamount', '10.005', 'has more than two decimals'],
    ['applications', 'loanamount', '999999999', 'is above 100000000'],
    ['applications', 'termdays', '30.5', 'is no whole number'],
    ['applications', 'termdays', '4000', 'must be between 1 and 3650'],
    ['applications', 'good_bad_flag', 'Maybe', 'must be one of Good, Bad'],
    ['applications', 'customerid', 'a b', 'is no id'],
    ['previous_loans', 'closeddate', '2017-02-30 00:00:00', 'is no day or time of the calendar'],
    ['previous_loans', 'approveddate', '1917-02-03 00:00:00', 'lies before the year 1990'],
    ['previous_loans', 'firstduedate', '', 'is empty'],
    ['demographics', 'birthyear', '86', 'must be between 1900 and 2100'],
    ['demographics', 'employment_status_clients', 'Pirate', 'must be one of Permanent']
  ])('refuses a row of %s whose %s is “%s” and writes nothing', async (table, column, cell, problem) => {
    const lines = (await readFile(join(MADE_UP, `${table}.csv`), 'utf8')).trimEnd().split('\n')
    const cells = (lines[3] ?? '').split(',')
    cells[(lines[0] ?? '').split(',').indexOf(column)] = cell
    const folder = await copyOf({ [table]: [...lines.slice(0, 3), cells.join(','), ...lines.slice(4)].join('\n') })
    const out = await workFolder()
    const failure = runCommand(importCommand, 'superlender', folder, '--out', out)
    await expect(failure).rejects.toThrow(`${join(folder, `${table}.csv`)}, line 4: column ${column}: `)
    await expect(failure).rejects.toThrow(problem)
    expect(await readdir(out)).toStrictEqual([])
  })

  test.each([
    ['a missing column', { applications: 'customerid,systemloanid\na,1\n' }, 'line 1: column creationdate, loanamount'],
    ['a row that is too short', { demographics: 'customerid,birthyear\na\n' }, 'line 2'],
    ['an open quote', { demographics: 'customerid,birthyear\n"a,1980\n' }, 'demographics.csv'],
    ['an empty file', { previous_loans: '' }, 'is empty: it has no header']
  ])('refuses %s and says where it is', async (_what, tables, message) => {
    await expect(importFrom(await copyOf(tables))).rejects.toThrow(message)
  })

  test('refuses a broken gzip, a folder without tables and a table that is there twice', async () => {
    const folder = await workFolder()
    await expect(importFrom(folder)).rejects.toThrow('has neither applications.csv nor applications.csv.gz')
    const packed = gzipSync(await readFile(join(MADE_UP, 'applications.csv')))
    await writeFile(join(folder, 'applications.csv.gz'), packed.subarray(0, packed.length - 12))
    await expect(importFrom(folder)).rejects.toThrow('applications.csv.gz: is no whole gzip file')
    await writeFile(join(folder, 'applications.csv'), '')
    await expect(importFrom(folder)).rejects.toThrow('which one counts')
  })

  test('leaves earlier results as they were when a later import fails', async () => {
    const out = await workFolder()
    await runCommand(importCommand, 'superlender', MADE_UP, '--out', out)
    const before = await readFile(join(out, 'events.ndjson'), 'utf8')
    const folder = await copyOf({ previous_loans: '' })
    await expect(runCommand(importCommand, 'superlender', folder, '--out', out)).rejects.toThrow()
    expect(await readFile(join(out, 'events.ndjson'), 'utf8')).toBe(before)
    expect((await readdir(out)).toSorted()).toStrictEqual(['applications.ndjson', 'events.ndjson'])
  })
})

const LOAN_HEADER =
  'customerid,systemloanid,loannumber,approveddate,creationdate,loanamount,totaldue,termdays,closeddate,referredby,firstduedate,firstrepaiddate'

/** The made-up tables with some of them replaced. */
async function copyOf(tables: Readonly<Record<string, string>>): Promise<string> {
  const folder = await workFolder()
  await cp(MADE_UP, folder, { recursive: true })
  for (const [name, text] of Object.entries(tables)) await writeFile(join(folder, `${name}.csv`), text)
  return folder
}

async function importFrom(folder: string) {
  const out = await workFolder()
  const summary = await runCommand(importCommand, 'superlender', folder, '--out', out)
  const events = await readLines<EventInput>(join(out, 'events.ndjson'))
  const applications = await readLines<Line>(join(out, 'applications.ndjson'))
  return { events, applications, summary }
}
