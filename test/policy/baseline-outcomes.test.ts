import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Application, CONSENTS, PURPOSES } from '../../src/domain/application.ts'
import { compilePolicy, type Decide } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { applying, MODEL, NAMES } from './applying.ts'

const rules = await loadRules()
const GROUPS = { fraud: { inputs: [{ group: 'R502' as const }] }, rules }

async function decideBy(file: string): Promise<Decide> {
  const text = await readFile(new URL(`../../policies/${file}`, import.meta.url), 'utf8')
  return compilePolicy(JSON.parse(text) as Policy, MODEL, NAMES, GROUPS)
}

test('the shipped policy decides cash loans as the one before it, which had no stages: outcome, limit and offers', async () => {
  const [before, now] = [await decideBy('baseline-2.json'), await decideBy('baseline.json')]
  const pd = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN))
  const asked = fc.record({
    features: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 6, Number.NaN), {
      minLength: NAMES.length,
      maxLength: NAMES.length
    }),
    pd,
    fraudPd: fc.oneof(fc.constant(0.1), pd),
    isFault: fc.constantFrom(false, false, false, true),
    amountMinor: fc.integer({ min: 400_000, max: 6_500_000 }),
    days: fc.constantFrom(7, 30, 45, 60, 90, 120),
    purpose: fc.constantFrom('consumption', 'consumption', ...PURPOSES),
    birthYear: fc.constantFrom(1990, 1990, 1990, 2009, undefined),
    income: fc.option(fc.integer({ min: 0, max: 20_000_000 }), { nil: undefined }),
    consents: fc.subarray([...CONSENTS]),
    exposureMinor: fc.constantFrom(0, 0, 1_000_000)
  })
  const seen = new Set<string>()
  fc.assert(
    fc.property(asked, ({ features, pd: risk, fraudPd, isFault, ...rest }) => {
      const plain = applying(0)
      plain.values.set(features)
      const { amountMinor, days, purpose, birthYear, income, consents, exposureMinor } = rest
      const application = {
        ...plain.application,
        amountMinor,
        term: { count: days, unit: 'day' },
        purpose,
        consents,
        facts: { ...(birthYear && { birthYear }), ...(income !== undefined && { monthlyIncomeMinor: income }) }
      } as unknown as Application
      const scored = {
        kind: 'scored',
        pd: risk,
        contributions: null,
        fraud: { pd: fraudPd, contributions: null }
      } as const
      const assessment = isFault ? ({ kind: 'fault', code: 'SYS_OVERLOAD' } as const) : scored
      const input = { ...plain, application, assessment, exposureMinor }
      const [old, staged] = [before(input), now(input)]
      seen.add(old.outcome)
      expect([staged.outcome, staged.limit, staged.offers]).toEqual([old.outcome, old.limit, old.offers])
      expect(old.steps).toBeUndefined()
    }),
    { numRuns: 2000 }
  )
  expect([...seen].toSorted()).toEqual(['APPROVE', 'DECLINE', 'REFER'])
})
