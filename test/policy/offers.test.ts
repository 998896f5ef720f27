import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { annualise, irrPerPeriod } from '../../src/domain/apr.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { type Offer, OfferSchema } from '../../src/domain/decision.ts'
import { PERIODIC_METHODS, type RepaymentMethod } from '../../src/domain/schedule-methods.ts'
import { boundsOf, leastOf, limitFrom } from '../../src/policy/limit.ts'
import type { Band } from '../../src/policy/price-schema.ts'
import type { ProductPolicy } from '../../src/policy/product-schema.ts'
import { type Policy, PolicySchema } from '../../src/policy/schema.ts'
import { pricedOffers } from './priced-offers.ts'

const POLICY = JSON.parse(await readFile(new URL('../../policies/baseline-1.json', import.meta.url), 'utf8')) as Policy
const CONSUMER = POLICY.products.find(({ product }) => product === 'consumer') as ProductPolicy
const NOW = { decisionId: 'd', nowMs: Date.UTC(2026, 10, 25) }

const bandAt = (nominalRate: number): Band => ({ band: 'A', pdBelow: 1, action: 'APPROVE', nominalRate, limitShare: 1 })
const withMethods = (...repaymentMethods: RepaymentMethod[]): ProductPolicy => ({ ...CONSUMER, repaymentMethods })
const ALL = withMethods(...PERIODIC_METHODS)

function asking(amountMinor: number, months: number, monthlyIncomeMinor?: number): Application {
  const term = { count: months, unit: 'month' }
  const facts = monthlyIncomeMinor === undefined ? {} : { monthlyIncomeMinor }
  return { product: 'consumer', currency: 'CNY', amountMinor, term, facts } as unknown as Application
}

interface Asked {
  readonly product?: ProductPolicy
  readonly price?: number
  readonly application?: Application
  readonly cap?: number
}

const made = ({ product = CONSUMER, price = 0.18, application = asking(1_000_000, 12), cap = 0.24 }: Asked) =>
  pricedOffers({
    policy: POLICY,
    product,
    band: bandAt(price),
    application,
    limitMinor: product.amountMinor.max,
    pd: 0.05,
    caps: { nominal: cap, effective: cap },
    ...NOW
  })
const offersOf = (asked: Asked): readonly Offer[] => {
  const result = made(asked)
  if (result.kind === 'none') throw new Error(result.code)
  return result.offers
}

const brief = (offers: readonly Offer[]) =>
  offers.map(({ offerId, repaymentMethod, amountMinor }) => [offerId, repaymentMethod, amountMinor])

describe('offers of a product', () => {
  test('without ways to repay are one, in equal instalments', () => {
    const offers = offersOf({})
    expect(brief(offers)).toEqual([['d-1', 'EQUAL_INSTALMENT', 1_000_000]])
    expect(offers[0]).toMatchObject({ totalInterestMinor: 100_161, apr: { nominal: 0.180002, effective: 0.19562 } })
  })

  test('are one for each way to repay, in the order of the policy, and follow the schema of a decision', () => {
    const offers = offersOf({ product: ALL })
    expect(brief(offers)).toEqual([
      ['d-1', 'EQUAL_INSTALMENT', 1_000_000],
      ['d-2', 'EQUAL_PRINCIPAL', 1_000_000],
      ['d-3', 'BULLET', 1_000_000]
    ])
    expect(offers.map(({ totalInterestMinor }) => totalInterestMinor)).toEqual([100_161, 97_500, 180_000])
    const check = compileCheck(OfferSchema)
    for (const offer of offers) expect(check(offer)).toMatchObject({ ok: true })
    expect(check({ ...offers[0], repaymentMethod: 'BALLOON' })).toMatchObject({ ok: false })
  })

  test('are smaller, by whole steps, where the income cannot carry the heaviest instalment, and left out below the least', () => {
    const application = asking(1_000_000, 12, 190_000)
    // Half the income is 95,000 a month: 91,680 in equal instalments fits, the 98,333 equal principals begin with does not.
    const offers = offersOf({ product: ALL, application })
    expect(brief(offers)).toEqual([
      ['d-1', 'EQUAL_INSTALMENT', 1_000_000],
      ['d-2', 'EQUAL_PRINCIPAL', 960_000],
      ['d-3', 'BULLET', 90_000]
    ])
    const least = { ...ALL, amountMinor: { ...ALL.amountMinor, min: 100_000 } }
    expect(offersOf({ product: least, application })).toHaveLength(2)
  })

  test('are none above the cap, which counts for the nominal and for the effective rate', () => {
    for (const method of PERIODIC_METHODS) {
      // 22 % nominal is 24.36 % effective: over the cap on the second reading alone.
      expect(made({ product: withMethods(method), price: 0.22 })).toEqual({ kind: 'none', code: 'R310' })
      expect(offersOf({ product: withMethods(method), price: 0.21 })).toHaveLength(1)
    }
  })

  test('are refused as not affordable when the income carries no way to repay, and as too small below the least amount', () => {
    const application = asking(1_000_000, 12, 5_000)
    expect(made({ application })).toEqual({ kind: 'none', code: 'R301' })
    expect(made({ application: asking(40_000, 12) })).toEqual({ kind: 'none', code: 'R320' })
  })
})

test('the limit is what the lightest way to repay allows', () => {
  const application = asking(10_000_000, 12, 190_000)
  const limitWith = (product: ProductPolicy) =>
    limitFrom(
      leastOf(boundsOf(POLICY, product, bandAt(0.18), application, { earlierLoans: 1, nominalRate: 0.18 })),
      product
    )
  expect(limitWith(CONSUMER)).toMatchObject({ amountMinor: 1_030_000, bindingConstraint: 'AFFORDABILITY' })
  expect(limitWith(ALL)).toEqual(limitWith(CONSUMER))
  expect(limitWith(withMethods('BULLET'))).toMatchObject({ amountMinor: 90_000, bindingConstraint: 'AFFORDABILITY' })
})

test('no offer is above the cap on either reading, whatever the way to repay, the price, the cap, the term and the amount', () => {
  const ratio = fc.double({ min: 0.001, max: 0.36, noNaN: true })
  const amount = fc.integer({ min: CONSUMER.amountMinor.min, max: CONSUMER.amountMinor.max })
  let count = 0
  fc.assert(
    fc.property(ratio, ratio, amount, fc.integer({ min: 1, max: 24 }), (price, cap, amountMinor, months) => {
      const result = made({ product: ALL, price, cap, application: asking(amountMinor, months) })
      const offers = result.kind === 'none' ? [] : result.offers
      expect(offers.length).toBeLessThanOrEqual(9)
      for (const { schedule } of offers) {
        const flows = { receivedMinor: amountMinor, paymentsMinor: schedule.map(({ totalMinor }) => totalMinor) }
        const solved = irrPerPeriod(flows)
        if (solved.kind === 'refused') throw new Error(solved.refusal)
        const { nominal, effective } = annualise(solved.periodRate, 12)
        expect(Math.max(nominal, effective)).toBeLessThanOrEqual(cap)
        count++
      }
    })
  )
  expect(count).toBeGreaterThan(0)
})

test('a policy may name each way to repay once, and no other', () => {
  const check = compileCheck(PolicySchema)
  const naming = (repaymentMethods: unknown) => check({ ...POLICY, products: [{ ...CONSUMER, repaymentMethods }] }).ok
  expect(naming(['BULLET', 'EQUAL_PRINCIPAL'])).toBe(true)
  expect(naming(['BULLET', 'BULLET'])).toBe(false)
  expect(naming(['BALLOON'])).toBe(false)
  expect(naming([])).toBe(false)
})
