import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet, createRevaluer } from '../../src/features/vector.ts'
import { arbitraryHistory, NOW_MS } from './behaviour.ts'
import { tailOf } from './folding.ts'

const application = fc.record({
  tenant: fc.constant('t'),
  applicationId: fc.constant('x'),
  product: fc.constant('cash' as const),
  amountMinor: fc.integer({ min: 1, max: 10_000_000 }),
  currency: fc.constant('NGN' as const),
  term: fc.record({ count: fc.integer({ min: 1, max: 90 }), unit: fc.constantFrom('day' as const, 'month' as const) }),
  purpose: fc.constant('other' as const),
  facts: fc.record({ monthlyIncomeMinor: fc.integer({ min: 0, max: 1000 }) }, { requiredKeys: [] }),
  refs: fc.constant({ applicant: 'a' }),
  consents: fc.constant<Application['consents']>([])
})

test('values of one application become those of another, to the bit, whatever the events', () => {
  const featureSet = createFeatureSet(CATALOGUE)
  const revalue = createRevaluer(CATALOGUE)
  fc.assert(
    fc.property(arbitraryHistory(30), application, application, (events, first, drawn) => {
      const states = [{ profile: null, tail: tailOf(events) }, null, null, null, null]
      const second: Application = { ...first, amountMinor: drawn.amountMinor, term: drawn.term }
      const kept = featureSet.compute(first, states, NOW_MS).values
      const before = kept.slice()
      const expected = featureSet.compute(second, states, NOW_MS).values
      expect(revalue(second, kept, NOW_MS)).toStrictEqual(expected)
      expect(revalue(second, kept, NOW_MS, new Float64Array(kept.length).fill(7))).toStrictEqual(expected)
      expect(kept).toStrictEqual(before)
    }),
    { numRuns: 60 }
  )
})
