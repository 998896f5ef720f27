import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PastRequestSchema } from '../../src/cli/history-files.ts'
import { importCommand } from '../../src/cli/import.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { EVENT_TYPES, type EventInput, EventInputSchema } from '../../src/domain/event.ts'
import { copyOf, fixtureOf, readLines, runCommand, tableOf, workFolder } from './run-command.ts'

const SOURCES = [
  { source: 'superlender', tables: ['applications', 'previous_loans', 'demographics'], hasApplications: true },
  { source: 'xente', tables: ['transactions', 'purchases'], hasApplications: true },
  { source: 'berka', tables: ['accounts', 'transactions_1993-01_1993-02'], hasApplications: false },
  { source: 'uci-taiwan', tables: ['clients'], hasApplications: true }
]

describe.each(SOURCES)('assay import $source', ({ source, tables, hasApplications }) => {
  test('writes events that the API would take, each id once, in order of time and then of id', async () => {
    const out = await imported(source, fixtureOf(source))
    const events = await readLines<EventInput>(join(out, 'events.ndjson'))
    const isEvent = compileCheck(EventInputSchema)
    for (const event of events) {
      expect(isEvent(event)).toMatchObject({ ok: true })
      expect(compileCheck(EVENT_TYPES[event.type].data)(event.data)).toMatchObject({ ok: true })
    }
    const inOrder = events.toSorted(
      (left, right) => left.occurredAtMs - right.occurredAtMs || (left.eventId < right.eventId ? -1 : 1)
    )
    expect(events.length).toBeGreaterThan(0)
    expect(events).toStrictEqual(inOrder)
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length)
  })

  test('writes applications that the API would take, each id once, in order of time, or no such file', async () => {
    const out = await imported(source, fixtureOf(source))
    expect((await readdir(out)).toSorted()).toStrictEqual([
      ...(hasApplications ? ['applications.ndjson'] : []),
      'events.ndjson'
    ])
    if (!hasApplications) return
    const applications = await readLines<Application>(join(out, 'applications.ndjson'))
    const isRequest = compileCheck(PastRequestSchema)
    for (const application of applications) expect(isRequest(application)).toMatchObject({ ok: true })
    const times = applications.map(({ asOf }) => asOf)
    expect(times).toStrictEqual(times.toSorted((left, right) => left - right))
    expect(new Set(applications.map(({ applicationId }) => applicationId)).size).toBe(applications.length)
  })

  test('never tells the submission of an application that it also writes: a replay appends that itself', async () => {
    const out = await imported(source, fixtureOf(source))
    const submitted = (await readLines<EventInput>(join(out, 'events.ndjson')))
      .filter(({ type }) => type === 'application.submitted')
      .map(({ data }) => (data as Application).applicationId)
    const applications = hasApplications ? await readLines<Application>(join(out, 'applications.ndjson')) : []
    expect(applications.filter(({ applicationId }) => submitted.includes(applicationId))).toStrictEqual([])
  })

  test('writes the same bytes again, whatever the order of the rows and however often they stand there', async () => {
    const texts = await Promise.all(tables.map((table) => tableOf(source, table)))
    const expected = await bytesOf(await imported(source, fixtureOf(source)))
    const orders = texts.map(([header = '', ...rows]) =>
      fc
        .tuple(fc.shuffledSubarray(rows, { minLength: rows.length }), fc.subarray(rows))
        .map(([shuffled, repeated]) => `${[header, ...shuffled, ...repeated].join('\n')}\n`)
    )
    await fc.assert(
      fc.asyncProperty(fc.tuple(...orders), async (shuffled) => {
        const folder = await copyOf(
          source,
          Object.fromEntries(tables.map((table, index) => [table, shuffled[index] ?? '']))
        )
        expect(await bytesOf(await imported(source, folder))).toStrictEqual(expected)
      }),
      { numRuns: 20 }
    )
  })

  test('needs a folder, and each table in it', async () => {
    const out = await workFolder()
    await expect(runCommand(importCommand, source, '--out', out)).rejects.toThrow(`import ${source} needs the folder`)
    await expect(runCommand(importCommand, source, out, '--out', out)).rejects.toThrow(/has neither \w+\.csv nor/)
    expect(await readdir(out)).toStrictEqual([])
  })
})

test.each(['', 'lender', 'constructor'])(
  'assay import refuses the source “%s” and names the ones it knows',
  async (source) => {
    const failure = runCommand(importCommand, source, '/nowhere', '--out', '/nowhere')
    await expect(failure).rejects.toThrow(`the sources it knows are ${SOURCES.map((each) => each.source).join(', ')}`)
  }
)

interface Application {
  readonly applicationId: string
  readonly asOf: number
}

async function imported(source: string, folder: string): Promise<string> {
  const out = await workFolder()
  await runCommand(importCommand, source, folder, '--out', out)
  return out
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder)
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
}
