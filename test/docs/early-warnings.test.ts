import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importCommand } from '../../src/cli/import.ts'
import { warningsCommand } from '../../src/cli/warnings.ts'
import { WARNING_RULES } from '../../src/warnings/rules.ts'
import { runCommand, SUPERLENDER, workFolder } from '../cli/run-command.ts'

const TEXT = readFileSync(new URL('../../docs/early-warnings.md', import.meta.url), 'utf8')

test('the page tells every rule as it is', () => {
  const told = TEXT.split('\n').filter((line) => /^\| `/.test(line))
  const rules = WARNING_RULES.map(({ id, meaning, from, days }) => {
    const least = [from.yellow, from.orange, from.red].map((value) => value ?? '–')
    return `| \`${id}\` | ${meaning} | ${least.join(' | ')} | ${days} |`
  })
  expect(told).toEqual(rules)
})

test.skipIf(!existsSync(SUPERLENDER))(
  'the figures of the page are those of the real history, printed again (needs ../shared/data/superlender)',
  async () => {
    const folder = await workFolder()
    await runCommand(importCommand, 'superlender', SUPERLENDER, '--out', folder)
    const file = (name: string) => join(folder, name)
    const args = ['--events', file('events.ndjson'), '--applications', file('applications.ndjson')]
    const model = new URL('../../models/credit/1.0.0', import.meta.url).pathname
    const out = file('measured.json')
    const recent = ['--from', '2017-07-15', '--model', model, '--thresholds', '0.15', '--resamples', '1']
    await runCommand(warningsCommand, 'measure', ...args, ...recent, '--out', out)
    const { rows } = JSON.parse(readFileSync(out, 'utf8')) as { rows: Row[] }
    const together = rows.filter(({ by }) => by.startsWith('rules'))
    expect(together).toHaveLength(6)
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`
    for (const { by, from, warned, accounts, recall, precision } of together) {
      const start = `| ${by} | ${from} | ${warned} (${percent(warned / accounts)}) | ${percent(recall.value)} (`
      const line = TEXT.split('\n').find((each) => each.startsWith(start))
      expect(line, start).toContain(`| ${percent(precision.value)} (`)
    }
  }
)

interface Row {
  readonly by: string
  readonly from: string
  readonly warned: number
  readonly accounts: number
  readonly recall: { readonly value: number }
  readonly precision: { readonly value: number }
}
