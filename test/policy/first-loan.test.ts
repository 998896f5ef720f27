import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { compilePolicy, type DecideInput } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'

const BASELINE = new URL('../../policies/baseline.json', import.meta.url)
const FEATURES = (JSON.parse(await readFile(BASELINE, 'utf8')) as { velocity: { feature: string }[] }).velocity.map(
  ({ feature }) => feature
)
const NAMES = ['applicant.loans_lifetime', ...FEATURES]
const { policy } = await loadPolicy(BASELINE, NAMES)
const decide = compilePolicy(
  policy,
  {
    scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
    population: { products: ['cash'], currencies: ['NGN'] },
    inputs: []
  },
  NAMES
)

function bandOf(pd: number, earlierLoans: number): string | undefined {
  const application = {
    product: 'cash',
    currency: 'NGN',
    amountMinor: 1_000_000,
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    consents: ['automated_decision'],
    facts: { birthYear: 1990 }
  } as unknown as Application
  const values = new Float64Array(NAMES.length)
  values[0] = earlierLoans
  const input: DecideInput = {
    application,
    values,
    vector: new Float32Array(0),
    assessment: { kind: 'scored', pd, contributions: null },
    historyTruncated: false,
    decisionId: 'd',
    nowMs: Date.UTC(2026, 10, 25)
  }
  return decide(input).score?.band
}

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
