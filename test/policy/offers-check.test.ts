import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import { findOfferProblems } from '../../src/policy/offers-check.ts'
import type { Pricing } from '../../src/policy/price-schema.ts'
import type { ProductPolicy } from '../../src/policy/product-schema.ts'
import { type Policy, PolicySchema } from '../../src/policy/schema.ts'
import { DISCLOSURE, eachPeriod, PRICING, TEXTS } from './offering.ts'

const FIRST = JSON.parse(await readFile(new URL('../../policies/baseline-1.json', import.meta.url), 'utf8')) as Policy
const check = compileCheck(PolicySchema)
const AT = FIRST.products.findIndex(({ product }) => product === 'consumer')

const PARTNERS = [{ partner: 'bank_a', from: null, to: null }]
const GRID = [
  { band: 'A', pd: 0.05 },
  { band: 'B', pd: 0.14 },
  { band: 'C', pd: 0.22 }
]
const SHARED = [
  { partner: 'self', share: 0.3 },
  { partner: 'bank_a', share: 0.7 }
]

function problemsOf(product: Partial<ProductPolicy>, policy: Partial<Policy> = {}): string[] {
  const products = FIRST.products.map((one, index) => (index === AT ? { ...one, ...product } : one))
  const whole = { ...FIRST, products, partners: PARTNERS, ...policy }
  const checked = check(whole)
  const problems = checked.ok ? findOfferProblems(checked.value) : checked.problems
  return problems.map(({ field, problem }) => `${field}: ${problem}`)
}
const pricedBy = (...pricing: Partial<Pricing>[]): Partial<Policy> => ({
  pricing: pricing.map((block) => ({ ...PRICING, grid: GRID, ...block }))
})

test('a funding that ends before the LPR falls is one, however low it would have been', () => {
  const funding = [
    { from: '2025-12-01', overLpr: -0.025 },
    { from: '2027-01-01', ratio: 0.05 }
  ]
  const lpr = [
    { from: '2025-11-01', ratio: 0.01 },
    { from: '2025-12-01', ratio: 0.03 },
    { from: '2027-01-01', ratio: 0.02 }
  ]
  expect(findOfferProblems({ ...FIRST, ...pricedBy({ funding }), lpr })).toEqual([])
})

test('a product with fees, a grid, a cost table, funding and a pricing is one', () => {
  const product: Partial<ProductPolicy> = {
    repaymentMethods: ['EQUAL_INSTALMENT', 'DAILY_ACCRUAL'],
    dayBasis: 360,
    fees: [eachPeriod(0.01), { ...TEXTS, collected: 'upfront', flatMinor: 100 }],
    offerGrid: { terms: [6, 12], amountShares: [0.5], amountsMinor: [500_000] },
    disclosure: DISCLOSURE,
    funding: SHARED
  }
  const lpr = [{ from: '2025-12-01', ratio: 0.03 }]
  const funding = [
    { from: '2025-12-01', overLpr: 0.02 },
    { from: '2026-06-01', ratio: 0.05 }
  ]
  expect(problemsOf(product, { ...pricedBy({ funding }), lpr })).toEqual([])
})

describe('a product is refused, with the path,', () => {
  const path = `/products/${AT}`
  test.each<[string, Partial<ProductPolicy>, string]>([
    [
      'with a fee of no size',
      { fees: [{ ...TEXTS, collected: 'upfront' }] },
      '/fees/0: must have a ratio or a flatMinor'
    ],
    [
      'with a fee of two',
      { fees: [{ ...eachPeriod(0.01), flatMinor: 1 }] },
      '/fees/0: must have a ratio or a flatMinor'
    ],
    [
      'with terms that nothing repays',
      { repaymentMethods: ['BULLET'], bulletMaxTerm: 12 },
      '/bulletMaxTerm: leaves longer terms without a way to repay'
    ],
    [
      'with an end of bullets it has none of',
      { repaymentMethods: ['EQUAL_INSTALMENT'], bulletMaxTerm: 12 },
      '/bulletMaxTerm: no way to repay is a BULLET'
    ],
    [
      'with bullets beyond its terms',
      { repaymentMethods: ['EQUAL_INSTALMENT', 'BULLET'], bulletMaxTerm: 120 },
      '/bulletMaxTerm: is no term of the product'
    ],
    ['with a term it has not', { offerGrid: { terms: [6, 48] } }, '/offerGrid/terms/1: the product has no term of 48'],
    [
      'with an amount above its most',
      { offerGrid: { amountsMinor: [20_000_001] } },
      '/offerGrid/amountsMinor/0: is not'
    ],
    [
      'with too many cells',
      { offerGrid: { terms: [1, 2, 3, 4, 5], amountShares: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] } },
      '/offerGrid: has 42 cells, more than 36'
    ],
    [
      'with shares that leave a part to nobody',
      { funding: [{ partner: 'self', share: 0.9 }] },
      '/funding: the shares sum to 0.9'
    ],
    [
      'with a partner who is not on the list',
      {
        funding: [
          { partner: 'self', share: 0.3 },
          { partner: 'bank_b', share: 0.7 }
        ]
      },
      '/funding/1/partner: bank_b is not among the partners'
    ],
    [
      'with a partner twice',
      {
        funding: [
          { partner: 'self', share: 0.3 },
          { partner: 'self', share: 0.7 }
        ]
      },
      '/funding/1/partner: self stands twice'
    ],
    ['with a cost table without a template', { disclosure: { ...DISCLOSURE, template: '' } }, '/disclosure/template: ']
  ])('%s', (_case, product, problem) => {
    expect(problemsOf(product)).toEqual([expect.stringContaining(`${path}${problem}`)])
  })
})

describe('a pricing is refused, with the path,', () => {
  const lpr = [{ from: '2025-12-01', ratio: 0.03 }]
  test.each<[string, Partial<Policy>, string]>([
    ['with a floor above every price', pricedBy({ floor: 0.36 }), '/pricing/0/floor: is above the rate cap'],
    [
      'with money that costs less than nothing once the LPR has fallen',
      {
        ...pricedBy({ funding: [{ from: '2025-12-01', overLpr: -0.025 }] }),
        lpr: [...lpr, { from: '2027-01-01', ratio: 0.02 }]
      },
      '/pricing/0/funding/0/overLpr: makes the cost of money negative'
    ],
    ['for a product that has another', pricedBy({}, {}), '/pricing/1/products: consumer has another pricing'],
    [
      'with a funding cost of two kinds',
      { ...pricedBy({ funding: [{ from: '2026-01-01', ratio: 0.05, overLpr: 0.01 }] }), lpr },
      '/pricing/0/funding/0: must have a ratio or an overLpr'
    ],
    ['with one of no kind', pricedBy({ funding: [{ from: '2026-01-01' }] }), '/pricing/0/funding/0: must have a ratio'],
    [
      'tied to an LPR that begins later',
      { ...pricedBy({ funding: [{ from: '2025-11-30', overLpr: 0.01 }] }), lpr },
      '/pricing/0/funding/0/overLpr: the lpr has no rate on 2025-11-30'
    ],
    [
      'tied to an LPR that is not there',
      pricedBy({ funding: [{ from: '2026-01-01', overLpr: 0.01 }] }),
      '/pricing/0/funding/0/overLpr: the lpr has no rate on 2026-01-01'
    ],
    [
      'with a series out of order',
      pricedBy({
        funding: [
          { from: '2026-02-01', ratio: 0.05 },
          { from: '2026-01-01', ratio: 0.05 }
        ]
      }),
      '/pricing/0/funding/1/from: is not after the one before it'
    ],
    [
      'without a price for a band that approves',
      pricedBy({ grid: GRID.slice(0, 2) }),
      '/pricing/0/grid: band C approves without'
    ],
    [
      'for a band that is not there',
      pricedBy({ grid: [...GRID, { band: 'X', pd: 0.5 }] }),
      '/pricing/0/grid/3/band: no band is called X'
    ],
    ['for a band twice', pricedBy({ grid: [...GRID, GRID[2]!] }), '/pricing/0/grid/3/band: band C stands twice'],
    [
      'at a probability of another band',
      pricedBy({ grid: [{ band: 'A', pd: 0.1 }, ...GRID.slice(1)] }),
      '/pricing/0/grid/0/pd: band A has no such probability'
    ],
    [
      'for a product that is not there',
      {
        ...pricedBy({ products: ['business'] }),
        products: FIRST.products.filter(({ product }) => product !== 'business')
      },
      '/pricing/0/products: there is no product business'
    ],
    ['with an LPR out of order', { lpr: [...lpr, ...lpr] }, '/lpr/1/from: is not after the one before it'],
    ['with a date that is none', { lpr: [{ from: '2026-02-30', ratio: 0.03 }] }, '/lpr/0/from: ']
  ])('%s', (_case, policy, problem) => {
    expect(problemsOf({}, policy)).toEqual([expect.stringContaining(problem)])
  })

  test('a band may be without a fixed rate only where every product has a pricing', () => {
    const bands = FIRST.bands.map((band) => (band.band === 'A' ? { ...band, nominalRate: null } : band))
    const problem = '/bands/0/nominalRate: band A approves without a price'
    expect(problemsOf({}, { bands })).toEqual([problem])
    expect(problemsOf({}, { bands, ...pricedBy({}) })).toEqual([problem])
    expect(problemsOf({}, { bands, ...pricedBy({ products: ['cash', 'consumer', 'business'] }) })).toEqual([])
  })
})
