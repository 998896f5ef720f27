import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { approveByPerson, type PersonInput } from '../../src/policy/person.ts'
import type { Policy } from '../../src/policy/schema.ts'

const NOW_MS = Date.parse('2026-03-02T09:00:00Z')
const { policy } = await loadPolicy(new URL('../../policies/baseline.json', import.meta.url), [
  'device.applicants_30d',
  'device.applicants_7d',
  'card.applicants_lifetime',
  'applicant.applications_24h'
])
const rules = await loadRules()
/** The consumer product under the packs of China. */
const underRules: Policy = {
  ...policy,
  products: policy.products.map((product) =>
    product.product === 'consumer'
      ? {
          ...product,
          students: true,
          firstLoanMaxMinor: product.amountMinor.max,
          rules: { jurisdiction: 'CN', lenderType: 'online_microloan' as const }
        }
      : product
  )
}

const application: Application = {
  tenant: 'alpha',
  applicationId: 'app-1',
  product: 'consumer',
  amountMinor: 1_000_000,
  currency: 'CNY',
  term: { count: 12, unit: 'month' },
  purpose: 'consumption',
  facts: { birthYear: 1990, employment: 'permanent', monthlyIncomeMinor: 5_000_000, region: 'CN' },
  refs: { applicant: 'token' },
  consents: ['automated_decision', 'bureau_query']
}

const ask = (changes: Partial<PersonInput> = {}, of = underRules) =>
  approveByPerson(
    { policy: of, rules },
    {
      application,
      score: null,
      amountMinor: undefined,
      earlierLoans: 3,
      exposureMinor: 0,
      decisionId: '01a20b04-023e-7032-ba6a-6f2877a5bfec',
      nowMs: NOW_MS,
      ...changes
    }
  )

test('somebody without a score gets what the dearest band that approves gets, and no offer is above a cap', () => {
  const offersOf = (band = '') => {
    const scored = ask({ score: { pd: 0.05, points: 600, band } })
    return scored.kind === 'approved' ? scored.offers : []
  }
  const bands = policy.bands.filter(({ action }) => action === 'APPROVE').map(({ band }) => band)
  const verdict = ask()
  if (verdict.kind !== 'approved') throw new Error(JSON.stringify(verdict))
  // Its limit may be lower still: of whom nothing is known the worst of the band is assumed.
  expect(verdict).toMatchObject({ offers: offersOf(bands.at(-1)) })
  expect(verdict.offers).not.toEqual(offersOf(bands[0]))
  for (const { apr } of verdict.offers) {
    expect(apr.nominal).toBeLessThanOrEqual(policy.rateCap)
    expect(apr.effective).toBeLessThanOrEqual(policy.rateCap)
  }
})

test('a student may not be approved under the rule packs, whoever approves', () => {
  const student = { ...application, facts: { ...application.facts, employment: 'student' as const } }
  expect(ask({ application: student })).toEqual({ kind: 'refused', codes: ['R202'] })
})

test('what is owed elsewhere is a part of the limit of a person too', () => {
  const verdict = ask({ exposureMinor: 1_000_000_000 })
  expect(verdict).toMatchObject({ kind: 'refused' })
  expect(verdict.kind === 'refused' && ['R303', 'R210'].includes(verdict.codes[0] ?? '')).toBe(true)
})
