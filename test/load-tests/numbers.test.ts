import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { machineLine, measureSyncMs } from '../../load-tests/numbers/machine.ts'
import { PARTS } from '../../load-tests/numbers/parts.ts'
import { BEGIN, END, numbersTable, withNumbers } from '../../load-tests/numbers/table.ts'

const ROOT = new URL('../../', import.meta.url)
const README = readFileSync(new URL('README.md', ROOT), 'utf8')

const row = (p50: number | null) => ({ p50, p99: 8.123, p999: 15.5, errors: 1, otherCores: 0.02 })
const round = (gateway: number) => ({
  otherCores: 0.07,
  cpuMicrosPerRequest: { gateway, redis: 41, ingest: 1.5, monitor: 0.6, generator: 30 }
})
const phase = (p99: number, beside: string | null) => ({ row: { p99 }, beside })
/** What the programs write, as far as the table reads it. */
const MADE_UP = {
  load: {
    noop: { rps: 12_345.6 },
    saturation: { rps: 6789.1, errors: 2, shareOfNoop: 0.5499, rounds: [round(120), round(110), round(400)] },
    openLoop: [row(1.234)],
    noopOpenLoop: row(null)
  },
  overload: { goodputShare: 0.951, p99Ratio: 1.5 },
  policy: { decideMicros: { median: 7.61, p99: 17.9 } },
  score: { rows: [{ batch: 8, bare: 2.9, pool: 6.8, poolWithReasons: 16.8 }], reasonsShareOfDecision: 0.0123 },
  features: {
    readMicros: { 1000: 410.4, 100000: 455.5 },
    bytesPerEvent: 21.4,
    httpEventsPerSecond: 30_500,
    inboxEventsPerSecond: 60_000.4,
    replayEventsPerSecond: 150_000
  },
  jobs: { scenarios: [{ phases: [3, 3.6, 4, 3, 2, 4].map((p99) => phase(p99, null)) }] }
}

const cellsOf = (table: string, column: number) =>
  table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split('|')[column]?.trim())

describe('the table of numbers', () => {
  test('shows what was measured of each part, with medians of rounds and unknowns as such', () => {
    expect(cellsOf(numbersTable('Measured somewhere.', MADE_UP), 2)).toEqual([
      '6,789 of 12,346: 0.55',
      '1.23 / 8.12 / 15.50 ms',
      '? / 8.12 / 15.50 ms',
      '120 / 41 / 2.1 µs',
      '3',
      '0.07',
      '0.95',
      '1.50 ×',
      '7.6 / 18 µs',
      '2.9 / 6.8 / 17 µs',
      '1.2 %',
      '410 / 456 µs',
      '30,500 / 60,000 / 150,000',
      '21 bytes',
      '1.20 × (1.20, 0.75, 2.00)'
    ])
  })

  test('has only the parts that were measured', () => {
    expect(cellsOf(numbersTable('', { policy: MADE_UP.policy }), 3)).toEqual(['`npm run bench:policy`'])
  })

  test('in README.md has the rows of the command, in its order', () => {
    const inReadme = README.slice(README.indexOf(BEGIN), README.indexOf(END))
    const made = numbersTable('', MADE_UP)
    for (const column of [1, 3]) expect(cellsOf(inReadme, column)).toEqual(cellsOf(made, column))
    expect(inReadme).toContain('| | measured | by |')
  })

  test('replaces the one before and nothing else', () => {
    expect(withNumbers(`a\n${BEGIN}\nold\n${END}\nb`, 'new')).toBe(`a\n${BEGIN}\nnew\n${END}\nb`)
    for (const wrong of ['', BEGIN, `${END}${BEGIN}`, `${BEGIN}${END}${BEGIN}${END}`])
      expect(() => withNumbers(wrong, 'new'), wrong).toThrow('once')
    expect(withNumbers(README, numbersTable('', MADE_UP))).toContain('| 6,789 of 12,346: 0.55 |')
  })

  test('names programs and commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { scripts: object }
    for (const { program, command } of PARTS) {
      expect(readFileSync(new URL(program, ROOT), 'utf8')).toContain("'./")
      expect(Object.keys(scripts)).toContain(command.split(' ')[2])
    }
  })
})

test('the machine is named by processor, memory, kernel, Node, Redis and disk', () => {
  const line = machineLine('7.0.15', measureSyncMs(), new Date('2026-11-25T10:00:00Z'))
  expect(line).toMatch(
    /^Measured on 2026-11-25 on \d+ × .+ \(\w+\), \d+ GiB, \w+ \d\S+, Node v24\S+, Redis 7\.0\.15, 4 KiB synced to its disk in \d+\.\d\d ms;/
  )
})
