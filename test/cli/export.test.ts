import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportCommand } from '../../src/cli/export.ts'
import { importCommand } from '../../src/cli/import.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { MADE_UP, readLines, runCommand, workFolder } from './run-command.ts'

describe('assay export', () => {
  test('writes one row for each application in order of time, every feature of the catalogue under its name', async () => {
    const { folder, table, summary } = await exportMadeUp()
    const [header = '', ...rows] = table.trimEnd().split('\n')
    expect(header).toBe(['applicationId', 'asOf', 'outcome', ...CATALOGUE.map(({ name }) => name)].join(','))
    const applications = await readLines<Application>(join(folder, 'applications.ndjson'))
    expect(rows.map((row) => row.split(',').slice(0, 3))).toStrictEqual(
      applications.map(({ applicationId, asOf, outcome }) => [applicationId, String(asOf), outcome])
    )
    expect(summary).toMatchObject({ rows: 12, features: CATALOGUE.length })
  })

  test('writes values that read back as the same double and nothing for missing', async () => {
    const { table } = await exportMadeUp()
    const newcomer = cellsOf(table, '900001')
    expect(newcomer['applicant.loans_lifetime']).toBe('0')
    expect(newcomer['applicant.principal_last']).toBe('')
    const returning = cellsOf(table, '900022')
    const days = Number(returning['applicant.since_first_loan_days'])
    expect(String(days)).toBe(returning['applicant.since_first_loan_days'])
    // Disbursed 2017-01-17 09:49:07 in UTC, applied for 2017-07-08 09:31:00.
    expect(days).toBe((Date.parse('2017-07-08T09:31:00Z') - Date.parse('2017-01-17T09:49:07Z')) / 86_400_000)
  })

  test('puts the catalogue and the facts that no model reads beside the table', async () => {
    const { folder } = await exportMadeUp()
    const catalogue = JSON.parse(await readFile(join(folder, 'table.features.json'), 'utf8'))
    expect(catalogue.features.map(({ name }: { name: string }) => name)).toStrictEqual(
      CATALOGUE.map(({ name }) => name)
    )
    const facts = await readFile(join(folder, 'table.facts.csv'), 'utf8')
    expect(facts).toMatch(
      /^applicationId,birthYear,employment,education,bankAccountType\n900001,1979,self_employed,,other\n/
    )
  })

  test('is the same table whatever happens after each application and however the lines are ordered', async () => {
    const { folder, table } = await exportMadeUp()
    const file = join(folder, 'events.ndjson')
    const late = (await readLines<Event>(file)).map((event) => ({
      ...event,
      eventId: `late.${event.eventId}`,
      occurredAtMs: event.occurredAtMs + 365 * 86_400_000,
      data: { ...event.data, ...('dueAtMs' in event.data && { dueAtMs: 1_400_000_000_000 }) }
    }))
    await appendFile(file, late.map((event) => `${JSON.stringify(event)}\n`).join(''))
    const shuffled = (await readFile(file, 'utf8')).trimEnd().split('\n').reverse()
    await writeFile(file, `${shuffled.join('\n')}\n`)
    await exportFrom(folder)
    expect(await readFile(join(folder, 'table.csv'), 'utf8')).toBe(table)
  })

  test.each([
    ['events.ndjson', '{"eventId":"e"', 'it is not JSON'],
    ['events.ndjson', '{"eventId":"e","type":"loan.closed","applicantId":"a","data":{}}', '/occurredAtMs is missing'],
    [
      'events.ndjson',
      '{"eventId":"e","type":"loan.disbursed","occurredAtMs":1500000000000,"applicantId":"a","data":{"loanId":"l"}}',
      '/data/termDays is missing'
    ],
    ['applications.ndjson', '{"applicationId":"x","extra":1}', '/extra is not a known field'],
    ['applications.ndjson', 'again', '/applicationId stands twice']
  ])('refuses a bad line of %s, names it and leaves no table', async (name, line, problem) => {
    const folder = await workFolder()
    await runCommand(importCommand, 'superlender', MADE_UP, '--out', folder)
    const file = join(folder, name)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    await appendFile(file, `${line === 'again' ? lines[0] : line}\n`)
    const failure = exportFrom(folder)
    await expect(failure).rejects.toThrow(`${file}, line ${lines.length + 1}: `)
    await expect(failure).rejects.toThrow(problem)
    expect(await readdir(folder)).toHaveLength(2)
  })
})

interface Application {
  readonly applicationId: string
  readonly asOf: number
  readonly outcome: string
}

interface Event {
  readonly eventId: string
  readonly occurredAtMs: number
  readonly data: object
}

function exportFrom(folder: string) {
  const file = (name: string) => join(folder, name)
  const inputs = ['--events', file('events.ndjson'), '--applications', file('applications.ndjson')]
  return runCommand(exportCommand, ...inputs, '--out', file('table.csv'))
}

async function exportMadeUp() {
  const folder = await workFolder()
  await runCommand(importCommand, 'superlender', MADE_UP, '--out', folder)
  const summary = await exportFrom(folder)
  return { folder, summary, table: await readFile(join(folder, 'table.csv'), 'utf8') }
}

function cellsOf(table: string, applicationId: string): Record<string, string> {
  const [header = '', ...rows] = table.trimEnd().split('\n')
  const row = rows.find((candidate) => candidate.startsWith(`${applicationId},`))?.split(',') ?? []
  return Object.fromEntries(header.split(',').map((name, index) => [name, row[index] ?? '']))
}
