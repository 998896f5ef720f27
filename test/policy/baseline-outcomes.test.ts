import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Application, CONSENTS, PURPOSES } from '../../src/domain/application.ts'
import { NO_EVIDENCE } from '../../src/domain/evidence.ts'
import { compilePolicy, type Decide } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { applying, MODEL, NAMES } from './applying.ts'

const rules = await loadRules()
const GROUPS = { fraud: { inputs: [{ group: 'R502' as const }] }, rules }

async function decideBy(file: string, model = MODEL): Promise<Decide> {
  const text = await readFile(new URL(`../../policies/${file}`, import.meta.url), 'utf8')
  return compilePolicy(JSON.parse(text) as Policy, model, NAMES, GROUPS)
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

test('baseline 4 decides every first application as baseline 3, and asks for a proof until it is there', async () => {
  const [before, now] = [await decideBy('baseline-3.json'), await decideBy('baseline.json')]
  const asked = fc.record({
    product: fc.constantFrom('cash' as const, 'consumer' as const, 'business' as const),
    features: fc.array(fc.constantFrom(0, 0, 0, 1, 4, Number.NaN), {
      minLength: NAMES.length,
      maxLength: NAMES.length
    }),
    pd: fc.double({ min: 0, max: 1, noNaN: true }),
    amountMinor: fc.integer({ min: 50_000, max: 20_000_000 }),
    purpose: fc.constantFrom('consumption' as const, 'other' as const, 'other' as const, ...PURPOSES),
    birthYear: fc.constantFrom(1990, 2004, 2009, undefined),
    employment: fc.constantFrom('permanent', 'student', undefined),
    income: fc.option(fc.integer({ min: 0, max: 20_000_000 }), { nil: undefined }),
    exposureMinor: fc.constantFrom(0, 1_000_000)
  })
  const model = { ...MODEL, population: { products: ['cash', 'consumer', 'business'], currencies: ['NGN', 'CNY'] } }
  const [third, fourth] = [await decideBy('baseline-3.json', model), await decideBy('baseline.json', model)]
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(asked, ({ product, features, pd, birthYear, employment, income, exposureMinor, ...rest }) => {
      const plain = applying(0)
      plain.values.set(features)
      const cash = product === 'cash'
      const application = {
        ...plain.application,
        ...rest,
        product,
        currency: cash ? 'NGN' : 'CNY',
        term: cash ? { count: 30, unit: 'day' } : { count: 12, unit: 'month' },
        consents: [...CONSENTS],
        facts: {
          region: 'CN',
          ...(birthYear && { birthYear }),
          ...(employment && { employment }),
          ...(income !== undefined && { monthlyIncomeMinor: income })
        }
      } as unknown as Application
      const fraud = { pd: 0.1, contributions: null }
      const assessment = { kind: 'scored', pd, contributions: null, fraud } as const
      const input = { ...plain, application, assessment, exposureMinor }
      for (const [old, newer] of [
        [before, now],
        [third, fourth]
      ] as const) {
        const [{ steps: _, ...one }, { steps: __, ...two }] = [old(input), newer(input)]
        expect(two).toEqual(one)
      }
      const given = (['PROVIDE_PURPOSE_PROOF', 'STEP_UP_NON_STUDENT_PROOF'] as const).map((type) => ({
        type,
        referenceId: 'x',
        atMs: 1
      }))
      const proven = fourth({ ...input, evidence: { ...NO_EVIDENCE, given } })
      expect(proven.nextActions).toBeUndefined()
      const first = fourth(input)
      const was = first.nextActions === undefined ? first.outcome : `${first.outcome} then ${proven.outcome}`
      seen.set(was, (seen.get(was) ?? 0) + 1)
    }),
    { numRuns: 2000, seed: 4 }
  )
  expect([...seen.keys()].toSorted()).toEqual(
    expect.arrayContaining(['APPROVE', 'DECLINE', 'REFER', 'REFER then APPROVE', 'REFER then REFER'])
  )
})
