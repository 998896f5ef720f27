import { describe, expect, test } from 'vitest'
import { loadRules } from '../../src/policy/load-rules.ts'
import { NAMES, POLICY } from './applying.ts'
import { problemsOf, staged } from './policy-file.ts'

const RULES = await loadRules()
const bands = (change: (band: (typeof POLICY.bands)[number]) => object) => ({
  bands: POLICY.bands.map((band) => ({ ...band, ...change(band) }))
})
const product = (changes: object) => ({ products: POLICY.products.map((each) => ({ ...each, ...changes })) })
const CASH_TERM = POLICY.products[0]?.term
const limits = (...strategies: object[]) => ({ limits: strategies })

describe('a policy is refused with path and reason', () => {
  test.each<[string, object, string]>([
    [
      'a band without a price',
      bands(({ band }) => (band === 'B' ? { nominalRate: null } : {})),
      '/bands/1/nominalRate: band B approves without a price'
    ],
    [
      'a price above the cap',
      bands(({ band }) => (band === 'C' ? { nominalRate: 0.3 } : {})),
      '/bands/2/nominalRate: is above the rate cap'
    ],
    [
      'two bands of one name',
      bands(({ band }) => (band === 'C' ? { band: 'B' } : {})),
      '/bands/2/band: B stands twice'
    ],
    [
      'a step that leaves no limit',
      product({ amountMinor: { min: 500_000, max: 6_000_000, step: 6_000_001 } }),
      '/products/0/amountMinor/step: is above max: every limit would be nothing'
    ],
    [
      'a partner that never lends',
      { partners: [{ partner: 'bank', from: '2027-01-01', to: '2026-12-31' }] },
      '/partners/0/to: is before from'
    ],
    [
      'bands that overlap',
      bands(({ band }) => (band === 'B' ? { pdBelow: 0.1 } : {})),
      '/bands/1/pdBelow: band B can never be reached'
    ],
    [
      'a gap above the bands',
      bands(({ band }) => (band === 'E' ? { pdBelow: 0.9 } : {})),
      '/bands/4/pdBelow: the last band must reach 1: a gap is left above it'
    ],
    [
      'a share out of range',
      bands(({ band }) => (band === 'A' ? { limitShare: 1.2 } : {})),
      '/bands/0/limitShare: must be <= 1'
    ],
    ['a share of the income out of range', { maxDebtToIncome: 1.5 }, '/maxDebtToIncome: must be <= 1'],
    ['a rate cap above what is sane', { rateCap: 0.5 }, '/rateCap: must be <= 0.36'],
    [
      'an unknown velocity feature',
      { velocity: [{ feature: 'device.nothing', above: 1, action: 'REFER' }] },
      '/velocity/0/feature: the catalogue has no feature device.nothing'
    ],
    [
      'a velocity rule that everybody hits',
      { velocity: [{ feature: NAMES[1], above: -1, action: 'DECLINE' }] },
      '/velocity/0/above: must be >= 0'
    ],
    [
      'a velocity rule twice',
      {
        velocity: [
          { feature: NAMES[1], above: 1, action: 'REFER' },
          { feature: NAMES[1], above: 2, action: 'REFER' }
        ]
      },
      `/velocity/1: ${NAMES[1]} stands twice with REFER`
    ],
    [
      'a band that approves no amount',
      bands(({ band }) => (band === 'B' ? { limitShare: 0.00001 } : {})),
      '/bands/1/limitShare: band B approves, and leaves less than the least of every product'
    ],
    ['the name of another file', { version: 'active' }, '/version: must match'],
    ['the name of the guard’s file', { version: 'guard' }, '/version: must match'],
    [
      'a term that nobody can ask for',
      product({ term: { ...CASH_TERM, max: 3651 } }),
      '/products/0/term/max: must be <= 3650'
    ],
    [
      'more instalments than an offer keeps',
      product({ term: { unit: 'day', min: 7, max: 367, instalmentEvery: { count: 1, unit: 'day' } } }),
      '/products/0/term: has 367 instalments at most: a decision keeps 366 of an offer'
    ],
    ['an unknown field', { interest: 0.1 }, '/interest: is not a known field'],
    ['a flow that there is none of', { flow: 'stagged' }, '/flow: must be equal to constant'],
    [
      'limits of an unknown product',
      { products: [POLICY.products[0]], ...limits({ product: 'business' }) },
      '/limits/0/product: the policy has no product business'
    ],
    ['limits of a product twice', limits({ product: 'cash' }, { product: 'cash' }), '/limits/1: cash stands twice'],
    [
      'a multiple of an unknown band',
      limits({ product: 'cash', incomeMultiples: { Z: 3 } }),
      '/limits/0/incomeMultiples/Z: no band is called Z'
    ],
    [
      'a loss of more than all',
      limits({ product: 'cash', expectedLoss: { budgetMinor: 1, lossGivenDefault: 1.1 } }),
      '/limits/0/expectedLoss/lossGivenDefault: must be <= 1'
    ],
    [
      'a segment twice',
      limits({
        product: 'cash',
        segments: [
          { segment: 'a', maxMinor: 1 },
          { segment: 'a', maxMinor: 2 }
        ]
      }),
      '/limits/0/segments/1: a stands twice'
    ],
    [
      'a type of lender that there is none of',
      product({ rules: { jurisdiction: 'CN', lenderType: 'pawnbroker' } }),
      '/products/0/rules/lenderType: must be one of online_microloan, microloan, bank, consumer_finance, trust'
    ]
  ])('for %s', async (_what, faulty, expected) => {
    const said = await problemsOf(staged(faulty), NAMES, RULES)
    expect(said.map(({ field, problem }) => `${field}: ${problem}`)).toContainEqual(expect.stringContaining(expected))
  })

  test('with everything that is wrong, not the first alone', async () => {
    const faulty = staged({
      velocity: [{ feature: 'nothing', above: 1, action: 'REFER' }],
      ...limits({ product: 'cash', incomeMultiples: { Z: 3 } })
    })
    expect((await problemsOf(faulty, NAMES)).map(({ field }) => field)).toEqual([
      '/velocity/0/feature',
      '/limits/0/incomeMultiples/Z'
    ])
  })

  test('for stages’ parts without stages', async () => {
    const { flow: _flow, ...flat } = staged({
      ...limits({ product: 'cash' }),
      ...product({ rules: { jurisdiction: 'CN', lenderType: 'online_microloan' } })
    })
    expect((await problemsOf(flat, NAMES, RULES)).map(({ field }) => field)).toEqual([
      '/limits',
      '/products/0/rules',
      '/products/1/rules',
      '/products/2/rules'
    ])
  })
})
