import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { readLines, workFolder } from '../cli/run-command.ts'
import { assay, ROOT } from '../support/gateway-process.ts'
import { throughGateway } from './through-gateway.ts'
import type { Line } from './waves.ts'

const MADE_UP = join(ROOT, 'test', 'fixtures', 'xente-made-up')
const REAL = join(ROOT, '..', 'shared', 'data', 'xente')
const NAMES = CATALOGUE.map(({ name }) => name)

describe('a whole history through the live gateway, with the ingest worker folding, and through export', () => {
  test('gives every application of the made-up Xente the same vector to the bit', async () => {
    await expectEqual(MADE_UP)
  })

  test.skipIf(!existsSync(REAL))(
    'gives every application of the real Xente, all of it, the same vector to the bit (needs ../shared/data/xente)',
    async () => {
      const { applications, events, folds } = await expectEqual(REAL)
      expect([applications, events]).toEqual([1772, 22_178])
      // How often depends on how fast the machine gets through: about a thousand. Many is enough for both states to be read.
      expect(folds).toBeGreaterThan(100)
    },
    120_000
  )
})

async function expectEqual(source: string): Promise<{ applications: number; events: number; folds: number }> {
  const folder = await workFolder()
  const file = (name: string) => join(folder, name)
  await assay(['import', 'xente', source, '--out', folder])
  const [events, applications] = [
    await readLines<Line>(file('events.ndjson')),
    await readLines<Line>(file('applications.ndjson'))
  ]
  const inputs = ['--events', file('events.ndjson'), '--applications', file('applications.ndjson')]
  await assay(['export', ...inputs, '--out', file('table.csv')])
  const exported = await readTable(file('table.csv'))
  const { byApplication, folds } = await throughGateway(events, applications)
  expect([byApplication.size, exported.size]).toEqual([applications.length, applications.length])
  for (const [applicationId, { values }] of byApplication) {
    const row = exported.get(applicationId) as Float64Array
    const different = NAMES.filter((_, index) => !Object.is(row[index], values[index]))
    expect(different, applicationId).toEqual([])
    expect(
      Array.from(values, (value) => Number(String(value))),
      'values as text and back'
    ).toEqual(Array.from(values))
  }
  return { applications: applications.length, events: events.length, folds }
}

/** The rows of a training table by application, in catalogue order; nothing is NaN. */
async function readTable(file: string): Promise<Map<string, Float64Array>> {
  const [header = '', ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\n')
  expect(header.split(',').slice(3)).toEqual(NAMES)
  return new Map(
    rows.map((row) => {
      const [applicationId = '', _asOf, _outcome, ...cells] = row.split(',')
      return [applicationId, Float64Array.from(cells, (cell) => (cell === '' ? Number.NaN : Number(cell)))]
    })
  )
}
