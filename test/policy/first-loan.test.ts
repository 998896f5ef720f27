import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { compilePolicy } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { applying, BASELINE, MODEL, NAMES, POLICY } from './applying.ts'

const decide = compilePolicy(POLICY, MODEL, NAMES)
const bandOf = (pd: number, earlierLoans: number) =>
  decide({ ...applying(earlierLoans), assessment: { kind: 'scored', pd, contributions: null } }).score?.band

test.each([
  [0.05, 0, 'B'],
  [0.05, Number.NaN, 'B'],
  [0.05, 1, 'A'],
  [0.15, 0, 'B'],
  [0.2, 0, 'C'],
  [0.9, 0, 'E']
])('a probability of %d with %d earlier loans is in band %s', (pd, earlierLoans, band) => {
  expect(bandOf(pd, earlierLoans)).toBe(band)
})

test('a policy whose best band of a first loan is no band is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-policy-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'policy.json')
  await writeFile(file, (await readFile(BASELINE, 'utf8')).replace('"firstLoanBand": "B"', '"firstLoanBand": "Z"'))
  await expect(loadPolicy(pathToFileURL(file), NAMES)).rejects.toMatchObject({
    problems: [{ field: '/firstLoanBand', problem: 'no band is called Z' }]
  })
})
