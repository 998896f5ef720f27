import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importCommand } from '../../src/cli/import.ts'
import { warningsCommand } from '../../src/cli/warnings.ts'
import { fixtureOf, runCommand, workFolder } from './run-command.ts'

test('assay warnings measure says of an imported history who was warned before going bad', async () => {
  const folder = await workFolder()
  await runCommand(importCommand, 'uci-taiwan', fixtureOf('uci-taiwan'), '--out', folder)
  const file = (name: string) => join(folder, name)
  const args = ['measure', '--events', file('events.ndjson'), '--applications', file('applications.ndjson')]
  const summary = await runCommand(warningsCommand, ...args, '--resamples', '50', '--out', file('measured.json'))
  const measured = JSON.parse(await readFile(file('measured.json'), 'utf8'))
  expect(measured.accounts).toBeGreaterThan(0)
  // Six month ends each, all scored: every client of the made-up table has all bills.
  expect(measured.scored).toBe(6 * measured.accounts)
  const byModel = measured.rows.filter(({ by }: { by: string }) => by === 'model-early-warning')
  const warned = byModel.map(({ warned }: { warned: number }) => warned)
  expect(warned).toEqual(warned.toSorted((left: number, right: number) => right - left))
  expect(summary).toEqual({ accounts: measured.accounts, bad: measured.bad, scored: measured.scored })
})

test('assay warnings refuses a part that is none', async () => {
  const args = ['measure', '--events', 'e', '--applications', 'a', '--part', '5/5']
  await expect(runCommand(warningsCommand, ...args)).rejects.toThrow('--part')
})
