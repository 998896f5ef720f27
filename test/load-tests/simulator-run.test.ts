import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PERSONAS } from '../../load-tests/simulator/assumptions.ts'
import { readHistories } from '../../src/cli/history-files.ts'

const PROGRAM = new URL('../../load-tests/simulator/run.ts', import.meta.url).pathname
const FILES = ['events.ndjson', 'applications.ndjson', 'truth.ndjson', 'summary.json']
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-simulate-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function simulate(name: string, ...options: string[]): string {
  const out = join(folder, name)
  execFileSync(process.execPath, [PROGRAM, '--out', out, '--applicants', '800', '--days', '30', ...options])
  return out
}

const bytesOf = (out: string) => FILES.map((file) => readFileSync(join(out, file), 'utf8'))

describe('npm run simulate', () => {
  test('writes the same bytes for the same options and others for another seed or scenario', () => {
    const bytes = bytesOf(simulate('one'))
    expect(bytesOf(simulate('again'))).toEqual(bytes)
    for (const options of [
      ['--seed', '2'],
      ['--scenario', 'shifted']
    ])
      expect(bytesOf(simulate('other', ...options))[1]).not.toBe(bytes[1])
  })

  test('writes what assay export reads, counts it for each persona and says that it is simulated', async () => {
    const out = simulate('read')
    const { events, applications } = await readHistories(join(out, 'events.ndjson'), join(out, 'applications.ndjson'))
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))
    expect(summary).toMatchObject({ note: 'simulated data', events: events.length, applications: applications.length })
    expect(summary.labelledBad).toBe(applications.filter(({ outcome }) => outcome === 'bad').length)
    expect(summary.personas.map(({ persona }: { persona: string }) => persona)).toEqual([...PERSONAS])
    const truths = readFileSync(join(out, 'truth.ndjson'), 'utf8').trimEnd().split('\n')
    expect(truths.map((line) => JSON.parse(line).applicationId)).toEqual(
      applications.map(({ application }) => application.applicationId)
    )
  })

  test.each([
    [['--out', 'x', '--seed', 'x'], /--seed takes/],
    [['--out', 'x', '--scenario', 'bright'], /--scenario takes training or shifted/],
    [['--out', 'x', '--start', 'soon'], /--start takes a day/],
    [[], /--out is required/]
  ])('refuses %j with the usage', (args, problem) => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', cwd: folder })
    expect(status).toBe(2)
    expect(stderr).toMatch(problem)
    expect(stderr).toContain('npm run simulate')
  })
})
