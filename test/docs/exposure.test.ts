import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exposureCommand } from '../../src/cli/exposure.ts'
import { CHECKED } from '../../src/cli/exposure-check.ts'

const TEXT = readFileSync(new URL('../../docs/exposure.md', import.meta.url), 'utf8')

test('docs/exposure.md and the help of the check name every outcome', () => {
  const rows = [...TEXT.slice(TEXT.indexOf('## Check')).matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  expect(rows).toEqual([...CHECKED])
  for (const outcome of CHECKED.filter((each) => each !== 'same'))
    expect(exposureCommand.usage).toContain(`  ${outcome} `)
})
