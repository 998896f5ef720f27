import { describe, expect, test } from 'vitest'
import { makeSchedule } from '../../src/domain/schedule-methods.ts'
import { nominalOf } from '../../src/domain/xirr.ts'
import type { Pricing } from '../../src/policy/price-schema.ts'
import { riskRate } from '../../src/policy/pricing.ts'
import { type Asked, eachPeriod, firstOf, offering, PRICING } from './offering.ts'

const priced = (pricing: Partial<Pricing>, asked: Asked = {}): Asked => ({
  ...asked,
  policy: { ...asked.policy, pricing: [{ ...PRICING, ...pricing }] }
})
/** The contract’s rate of an offer: of a bullet, where nothing but the interest of a month is rounded. */
const contractRate = (asked: Asked) => {
  const offer = firstOf({
    amountMinor: 12_000_000,
    ...asked,
    product: { ...asked.product, repaymentMethods: ['BULLET'] }
  })
  return (offer.schedule[0]!.interestMinor * 12) / offer.amountMinor
}
const REFUSED = { kind: 'none', code: 'R310' }

/** Share of the principal that is owed on average over a year in equal instalments. */
function averageBalance(nominalRate: number): number {
  const rows = makeSchedule('EQUAL_INSTALMENT', 10_000_000, nominalRate / 12, 12)
  return (
    rows.reduce((sum, { principalMinor, balanceMinor }) => sum + principalMinor + balanceMinor, 0) / 12 / 10_000_000
  )
}

describe('the risk-based price', () => {
  test.each([
    [0.36, 0.28, 2],
    [0.24, 0.147, 3],
    [0.12, 0.014, 3]
  ])('of a year’s loan breaks even at %f a year with a default probability of %f', (rate, expected, digits) => {
    const pricing = { ...PRICING, averageBalance: averageBalance(rate) }
    const rateAt = (pd: number) => riskRate(pricing, { pd, fundingRate: 0.06, marginRatio: 0.02 })
    const breakEven = (rate - rateAt(0)) / (rateAt(1) - rateAt(0))
    expect(breakEven.toFixed(digits)).toBe(expected.toFixed(digits))
    expect(rateAt(breakEven)).toBeCloseTo(rate, 12)
  })

  test('is told on the average balance: 0.561 of the principal over a year at 24 %', () => {
    expect(averageBalance(0.24).toFixed(3)).toBe('0.561')
  })

  test('is funding, running, loss, capital and margin, rounded up to the tick and never below the floor', () => {
    // 6 % + (1.5 % + 5 % × 85 % × 60 %) / 0.561 + 2 % = 15.219 %.
    expect(contractRate(priced({}))).toBeCloseTo(0.155, 9)
    expect(contractRate(priced({ tick: 0.0001 }))).toBeCloseTo(0.1522, 9)
    expect(contractRate(priced({ capitalRatio: 0.1, returnOnEquity: 0.15 }))).toBeCloseTo(0.17, 9)
    expect(contractRate(priced({ floor: 0.2 }))).toBeCloseTo(0.2, 9)
    expect(contractRate(priced({ grid: [{ band: 'A', pd: 0.05, marginRatio: 0.03 }] }))).toBeCloseTo(0.165, 9)
    // Exactly on a tick stays there: 6 % + 2 % + 8 %.
    const round = { opexRatio: 0.08, averageBalance: 1, lossGivenDefault: 0 }
    expect(contractRate(priced(round))).toBeCloseTo(0.16, 9)
  })

  test('is that of the band: who applies within it does not matter, but an unusable probability has none', () => {
    expect(contractRate(priced({}, { pd: 0.001 }))).toBe(contractRate(priced({}, { pd: 0.099 })))
    for (const pd of [Number.NaN, 0, 1, Infinity]) expect(offering(priced({}, { pd }))).toEqual(REFUSED)
    expect(offering(priced({ grid: [{ band: 'B', pd: 0.05 }] }))).toEqual(REFUSED)
  })

  test('is the fixed rate of the band for a product without a pricing', () => {
    expect(contractRate(priced({ products: ['business'] }))).toBeCloseTo(0.18, 9)
  })
})

describe('the price of a day', () => {
  test('moves with the funding series from the midnight of its day on, in the product’s zone, and back again', () => {
    const funding = [
      { from: '2025-01-01', ratio: 0.06 },
      { from: '2026-12-01', ratio: 0.08 }
    ]
    const on = (at: string) => contractRate(priced({ funding }, { at }))
    expect(on('2026-11-30T23:59:59.999+08:00')).toBeCloseTo(0.155, 9)
    expect(on('2026-12-01T00:00:00+08:00')).toBeCloseTo(0.175, 9)
    expect(on('2026-11-30T15:59:59.999Z')).toBeCloseTo(0.155, 9)
  })

  test('moves with the LPR where funding is tied to it', () => {
    const lpr = [
      { from: '2025-12-01', ratio: 0.03 },
      { from: '2027-03-20', ratio: 0.02 }
    ]
    const funding = [{ from: '2025-12-01', overLpr: 0.03 }]
    const on = (at: string) => contractRate(priced({ funding }, { at, policy: { lpr } }))
    expect(on('2026-11-25T00:00:00+08:00')).toBeCloseTo(0.155, 9)
    expect(on('2027-03-20T00:00:00+08:00')).toBeCloseTo(0.145, 9)
  })

  test('is none before the series begins', () => {
    const funding = [{ from: '2026-11-26', ratio: 0.06 }]
    expect(offering(priced({ funding }, { at: '2026-11-25T23:59:59+08:00' }))).toEqual(REFUSED)
    expect(offering(priced({ funding }, { at: '2026-11-26T00:00:00+08:00' })).kind).toBe('offers')
  })
})

describe('a price above a cap', () => {
  test('comes down to the whole basis point below the cap while the costs are covered, and is refused where they are not', () => {
    // The costs are 15.219 %, the price 15.5 %.
    const at = (nominal: number) => priced({}, { caps: { nominal, effective: null } })
    expect(contractRate(at(0.15505))).toBeCloseTo(0.155, 9)
    expect(contractRate(at(0.15305))).toBeCloseTo(0.153, 9)
    expect(contractRate(at(0.15235))).toBeCloseTo(0.1523, 9)
    expect(offering(at(0.152))).toEqual(REFUSED)
  })

  test('comes down by the fees’ part too, on the stricter of both readings', () => {
    const product = { fees: [eachPeriod(0.0001)] }
    const cap = nominalOf(0.1675, 12)
    const asked = priced({}, { product, caps: { nominal: 0.24, effective: 0.1675 } })
    const { apr } = firstOf({ ...asked, amountMinor: 12_000_000 })
    expect(apr.effective).toBeLessThanOrEqual(0.1675)
    expect(apr.effective).toBeGreaterThan(0.1675 - 2e-4)
    expect(contractRate(asked)).toBeLessThan(cap - 0.001)
    expect(offering(priced({}, { product: { fees: [eachPeriod(0.001)] }, caps: asked.caps! }))).toEqual(REFUSED)
  })

  test('never comes down below the floor, and a fixed rate never comes down at all', () => {
    const caps = { nominal: 0.153, effective: null }
    expect(offering(priced({ floor: 0.154 }, { caps }))).toEqual(REFUSED)
    expect(offering({ nominalRate: 0.155, caps })).toEqual(REFUSED)
  })
})
