import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Offer } from '../../src/domain/decision.ts'
import type { RepaymentMethod } from '../../src/domain/schedule-methods.ts'
import { splitFunding } from '../../src/policy/offers-funding.ts'
import { type Asked, DISCLOSURE, firstOf, offering, offersOf, upfront } from './offering.ts'

const METHODS = ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'DAILY_ACCRUAL'] as const
const GRID: Asked = { product: { repaymentMethods: [...METHODS], offerGrid: { terms: [6, 12], amountShares: [0.5] } } }
const brief = (offers: readonly Offer[]) =>
  offers.map(({ amountMinor, term, repaymentMethod }) => [amountMinor, term.count, repaymentMethod])

describe('the grid of offers', () => {
  test('is nine: each way to repay, for the asked term first, then the others, then smaller amounts', () => {
    const offers = offersOf({ ...GRID, months: 12 })
    expect(brief(offers)).toEqual([
      ...METHODS.map((method) => [1_000_000, 12, method]),
      ...METHODS.map((method) => [1_000_000, 6, method]),
      ...METHODS.map((method) => [500_000, 12, method])
    ])
    expect(offers.map(({ offerId }) => offerId)).toEqual(Array.from({ length: 9 }, (_, index) => `d-${index + 1}`))
  })

  test('never has more than nine, and begins with what was asked', () => {
    const product = { ...GRID.product, offerGrid: { terms: [3, 6, 9, 12, 24], amountShares: [0.5, 0.25] } }
    const offers = offersOf({ product, months: 5 })
    expect(offers).toHaveLength(9)
    expect(brief(offers)[0]).toEqual([1_000_000, 5, 'EQUAL_INSTALMENT'])
  })

  test('offers less than is granted, by whole steps and not below the product’s least', () => {
    const product = { offerGrid: { amountShares: [0.333, 0.04], amountsMinor: [700_000, 900_000] } }
    expect(brief(offersOf({ product, limitMinor: 800_000 }))).toEqual([
      [800_000, 12, 'EQUAL_INSTALMENT'],
      [260_000, 12, 'EQUAL_INSTALMENT'],
      [700_000, 12, 'EQUAL_INSTALMENT']
    ])
  })

  test('offers a longer term in full where the income carries the asked one only in part, and tells alike ones once', () => {
    const product = { offerGrid: { terms: [24], amountShares: [0.95] } }
    const offers = offersOf({ product, months: 6, monthlyIncomeMinor: 200_000, amountMinor: 1_000_000 })
    expect(brief(offers)).toEqual([
      [560_000, 6, 'EQUAL_INSTALMENT'],
      [1_000_000, 24, 'EQUAL_INSTALMENT'],
      [950_000, 24, 'EQUAL_INSTALMENT']
    ])
  })

  test('leaves out what is above a cap: a bullet may be where equal principals are not', () => {
    const product = { repaymentMethods: [...METHODS], offerGrid: { terms: [6] }, dayBasis: 360 as const }
    // 365 days of interest on 360 make 18 % 18.25 %: above a cap that the periodic ways keep.
    const offers = offersOf({ product, caps: { nominal: 0.1801, effective: null } })
    expect(brief(offers).map(([, , method]) => method)).toEqual(METHODS.slice(0, 2).concat(METHODS.slice(0, 2)))
  })

  test('has a bullet up to the longest term that the product allows one', () => {
    const repaymentMethods: RepaymentMethod[] = ['EQUAL_INSTALMENT', 'BULLET']
    const product = { repaymentMethods, bulletMaxTerm: 12, offerGrid: { terms: [12] } }
    const offers = offersOf({ product, months: 13 })
    expect(brief(offers).map(([, months, method]) => [months, method])).toEqual([
      [13, 'EQUAL_INSTALMENT'],
      [12, 'EQUAL_INSTALMENT'],
      [12, 'BULLET']
    ])
  })

  test('says what stands against all that is granted over the asked term, where no offer is that', () => {
    const product = { offerGrid: { terms: [24] } }
    const askedOf = (asked: Asked) => {
      const made = offering({ product, months: 6, ...asked })
      return made.kind === 'offers' ? [made.asked, ...brief(made.offers).map(([, months]) => months)] : made.code
    }
    expect(askedOf({})).toEqual([undefined, 6, 24])
    expect(askedOf({ monthlyIncomeMinor: 200_000 })).toEqual(['R301', 6, 24])
    expect(askedOf({ monthlyIncomeMinor: 15_000, limitMinor: 80_000 })).toEqual(['R301', 24])
    // A fee up front weighs the more the shorter the term.
    const withFee = { ...product, fees: [upfront(0.03)] }
    expect(askedOf({ product: withFee, caps: { nominal: 0.24, effective: null } })).toEqual(['R310', 24])
    expect(askedOf({ monthlyIncomeMinor: 1_000 })).toBe('R301')
  })

  test('each end with the decision’s validity, and sum to the principal', () => {
    for (const offer of offersOf(GRID)) {
      expect(offer.expiresAt).toBe('2026-12-02T04:00:00.000Z')
      expect(offer.schedule).toHaveLength(offer.term.count)
      expect(offer.schedule.reduce((sum, { principalMinor }) => sum + principalMinor, 0)).toBe(offer.amountMinor)
      expect(offer.schedule.at(-1)?.balanceMinor).toBe(0)
    }
  })
})

describe('daily accrual', () => {
  test.each([
    [365, 0.1825],
    [360, 0.18]
  ] as const)('of 0.05 %% a day on %i days is a price of %f a year', (dayBasis, nominalRate) => {
    const offer = firstOf({ nominalRate, product: { repaymentMethods: ['DAILY_ACCRUAL'], dayBasis } })
    expect(offer.daily).toEqual({ rate: 0.0005, yearDays: dayBasis })
    // 30 days of November and December on the whole amount, 31 on what the first repayment leaves.
    expect(offer.schedule.slice(0, 2).map(({ interestMinor }) => interestMinor)).toEqual([15_000, 14_208])
    expect(offer.apr.method).toBe('XIRR')
    expect(offer.apr.nominal).toBeCloseTo(0.1825, 3)
  })
})

describe('the funding of an offer', () => {
  const partners = [{ partner: 'bank_a', from: '2026-01-01', to: '2026-12-31' }]
  const funding = [
    { partner: 'self', share: 0.3 },
    { partner: 'bank_a', share: 0.7 }
  ]
  const jointly = (at: string) => offering({ at, policy: { partners }, product: { funding } })

  test('is split by share to the minor unit', () => {
    const [offer] = offersOf({ policy: { partners }, product: { funding }, amountMinor: 1_000_000 })
    expect(offer?.fundingSplit).toEqual([
      { partner: 'self', share: 0.3, amountMinor: 300_000 },
      { partner: 'bank_a', share: 0.7, amountMinor: 700_000 }
    ])
  })

  test('sums to the amount whatever the shares, and nobody after the first lends more than the share', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1e10 }), (parts, amountMinor) => {
        const whole = parts.reduce((sum, part) => sum + part, 0)
        const split = splitFunding(
          parts.map((part, index) => ({ partner: `p${index}`, share: part / whole })),
          amountMinor
        )
        expect(split.reduce((sum, part) => sum + part.amountMinor, 0)).toBe(amountMinor)
        for (const [index, { share, amountMinor: partMinor }] of split.entries()) {
          expect(Number.isSafeInteger(partMinor) && partMinor >= 0).toBe(true)
          const exact = amountMinor * share
          if (index > 0) expect(partMinor).toBeLessThanOrEqual(exact + 1e-5)
          expect(Math.abs(partMinor - exact)).toBeLessThanOrEqual(index === 0 ? parts.length : 1)
        }
      })
    )
  })

  test('fails closed on a day on which a partner is not on the list', () => {
    const refused = { kind: 'none', code: 'R205' }
    expect(jointly('2025-12-31T23:59:59+08:00')).toEqual(refused)
    expect(jointly('2026-01-01T00:00:00+08:00').kind).toBe('offers')
    expect(jointly('2026-12-31T23:59:59+08:00').kind).toBe('offers')
    expect(jointly('2027-01-01T00:00:00+08:00')).toEqual(refused)
    expect(offering({ product: { funding } })).toEqual(refused)
  })
})

describe('an offer is kept with every decision', () => {
  const bytesOf = (offer: Offer) => Buffer.byteLength(JSON.stringify(offer))

  test('so three instalments without the optional blocks stay under 700 bytes, and a cost table adds under 600', () => {
    const bare = bytesOf(firstOf({ months: 3, amountMinor: 6_000_000 }))
    const disclosed = bytesOf(firstOf({ months: 3, amountMinor: 6_000_000, product: { disclosure: DISCLOSURE } }))
    expect(bare).toBeLessThan(700)
    expect(disclosed - bare).toBeLessThan(600)
  })
})
