import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { approveByPerson, type PersonInput } from '../../src/policy/person.ts'
import type { Policy } from '../../src/policy/schema.ts'

const NOW_MS = Date.parse('2026-03-02T09:00:00Z')
const featureNames = [
  'device.applicants_30d',
  'device.applicants_7d',
  'card.applicants_lifetime',
  'applicant.applications_24h'
]
const { policy } = await loadPolicy(new URL('../../policies/baseline.json', import.meta.url), featureNames)
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
      limitFactor: 1,
      portfolioShare: 1,
      values: new Float64Array(featureNames.length),
      featureNames,
      fraudPd: Number.NaN,
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

const approvedUnder = (changes: Partial<Policy>, asked: Partial<PersonInput> = {}) => {
  const verdict = ask(asked, { ...underRules, ...changes })
  if (verdict.kind !== 'approved') throw new Error(JSON.stringify(verdict))
  const { limit, reasons } = verdict
  return [limit.bindingConstraint, limit.amountMinor, ...reasons.map(({ code }) => code)]
}

test('what partners still lend and what tables say of the limit stand above a person as above the policy', () => {
  expect(approvedUnder({})).toEqual(['EXPECTED_LOSS', 4_520_000])
  const partnerHeadroom = [{ partner: 'bank_a', headroomMinor: 350_000 }]
  const limits = [{ product: 'consumer' as const, partnerHeadroom }]
  expect(approvedUnder({ limits })).toEqual(['PARTNER', 500_000, 'R902'])
  expect(ask({ amountMinor: 510_000 }, { ...underRules, limits })).toEqual({ kind: 'refused', codes: ['R902'] })
  const when = { 'device.applicants_7d': { above: 1 } }
  const rows = [{ when, output: { limitShare: 0.1 } }]
  const tables = [{ name: 'shared', stage: 'limit' as const, hitPolicy: 'first' as const, rows }]
  const values = Float64Array.of(0, 2, 0, 0)
  expect(approvedUnder({ tables }, { values })).toEqual(['TABLE', 450_000, 'R302'])
  expect(approvedUnder({ tables })).toEqual(['EXPECTED_LOSS', 4_520_000])
})

test('an approval of less than was asked for, or over another term, says why', () => {
  const asked = (amountMinor: number, count = 12) => ({
    application: { ...application, amountMinor, term: { count, unit: 'month' as const } }
  })
  const lender = { currency: 'CNY' as const, netAssetsMinor: 5_000_000 }
  expect(approvedUnder({ lender })).toEqual(['CONCENTRATION', 500_000, 'R212'])
  expect(approvedUnder({}, { ...asked(1_000_000), amountMinor: 900_000 })).toEqual(['EXPECTED_LOSS', 4_520_000, 'R302'])
  const poor = { ...asked(900_000, 1).application, facts: { ...application.facts, monthlyIncomeMinor: 300_000 } }
  expect(approvedUnder({}, { application: poor })).toEqual(['INCOME', 900_000, 'R301'])
})

test('what is owed elsewhere is a part of the limit of a person too', () => {
  expect(approvedUnder({}, { exposureMinor: 4_000_000 })).toEqual(['EXPOSURE', 520_000, 'R302'])
  expect(ask({ exposureMinor: 4_500_000 })).toEqual({ kind: 'refused', codes: ['R303'] })
})
