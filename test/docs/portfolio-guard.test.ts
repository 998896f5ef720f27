import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MEASURES } from '../../src/guard/guard-schema.ts'
import { loadGuard } from '../../src/guard/load-guard.ts'

const TEXT = readFileSync(new URL('../../docs/portfolio-guard.md', import.meta.url), 'utf8')
const rowsOf = (heading: string) => {
  const [, table = ''] = new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(TEXT) ?? []
  return table.trimEnd().split('\n')
}

test('the page has the rules that ship', async () => {
  const { policy } = await loadGuard(new URL('../../policies/', import.meta.url))
  const rules = policy.rules.map(({ id, measure, amber, red, minCount, action, until }) => {
    const acts = {
      none: () => 'tells',
      pause: () => `pauses the ${'target' in action && action.target}`,
      tighten: () => action.kind === 'tighten' && `limits of the ${action.target} × ${action.limitShare}`
    }
    return `| \`${id}\` | \`${measure}\` | ${amber} | ${red} | ${minCount} | ${acts[action.kind]()} | ${until} |`
  })
  expect(rowsOf('rule')).toEqual(rules)
})

test('the page has every measure', () => {
  const named = rowsOf('measure').flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
  )
  expect(named).toEqual([...MEASURES])
})
