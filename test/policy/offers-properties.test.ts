import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Offer } from '../../src/domain/decision.ts'
import type { Fee } from '../../src/domain/fees.ts'
import { REPAYMENT_METHODS } from '../../src/domain/schedule-methods.ts'
import { nominalOf } from '../../src/domain/xirr.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { DISCLOSURE, offering, PRICING, TEXTS } from './offering.ts'

const evaluate = await loadRules()
const CN = { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' } as const
const capsOn = (atMs: number) => evaluate(atMs, CN).rateCap

/** The root by bisection alone, of what is received and each payment after so many years. */
function effectiveRate(receivedMinor: number, payments: readonly { minor: number; years: number }[]): number {
  const worth = (rate: number) => payments.reduce((sum, { minor, years }) => sum + minor / (1 + rate) ** years, 0)
  let [low, high] = [0, 1e6]
  for (let round = 0; round < 90; round++) {
    const middle = (low + high) / 2
    if (worth(middle) > receivedMinor) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** From the stored offer alone: what a borrower would reckon. */
function reckoned({ receivedMinor, amountMinor, schedule, apr }: Offer, paidOut: string) {
  const daysTo = (date: string) => (Date.parse(date) - Date.parse(paidOut)) / 86_400_000
  const payments = schedule.map(({ totalMinor, dueDate, no }) => ({
    minor: totalMinor,
    years: apr.method === 'XIRR' ? daysTo(dueDate) / 365 : no / 12
  }))
  const effective = effectiveRate(receivedMinor ?? amountMinor, payments)
  return { effective, nominal: nominalOf(effective, 12) }
}

const flatMinor = fc.integer({ min: 1, max: 20_000 })
const ratio = fc.double({ min: 1e-5, max: 0.03, noNaN: true })
const collected = fc.constantFrom('upfront' as const, 'eachPeriod' as const)
const fee: fc.Arbitrary<Fee> = fc
  .oneof(
    fc.record({ collected, ratio: fc.oneof(ratio, fc.double({ min: 1e-5, max: 0.002, noNaN: true })) }),
    fc.record({ collected, flatMinor })
  )
  .map((drawn) => ({ ...TEXTS, ...drawn }))
const method = fc.constantFrom(...REPAYMENT_METHODS)
const drawn = fc.record({
  at: fc.integer({ min: Date.parse('2025-10-01T00:00:00+08:00'), max: Date.parse('2030-12-31T23:59:59+08:00') }),
  fees: fc.oneof(fc.constant<Fee[]>([]), fc.array(fee, { maxLength: 3 })),
  methods: fc.uniqueArray(method, { minLength: 1, maxLength: 3 }),
  terms: fc.uniqueArray(fc.integer({ min: 1, max: 24 }), { maxLength: 2 }),
  months: fc.integer({ min: 1, max: 24 }),
  amountMinor: fc.integer({ min: 50_000, max: 20_000_000 }),
  fixed: fc.boolean(),
  nominalRate: fc.double({ min: 0, max: 0.3, noNaN: true }),
  fundingRate: fc.double({ min: 0, max: 0.12, noNaN: true }),
  income: fc.option(fc.integer({ min: 50_000, max: 5_000_000 }), { nil: undefined }),
  dayBasis: fc.constantFrom(365 as const, 360 as const)
})

describe('whatever the day, the fees, the price and the way to repay', () => {
  test('no offer is above a cap of the day on either reading, and every one is exact to the minor unit', () => {
    const seen = { offers: 0, withFees: 0, lowered: 0, after2028: 0, none: 0 }
    fc.assert(
      fc.property(drawn, ({ at, fees, methods, terms, months, amountMinor, dayBasis, income, ...price }) => {
        const caps = capsOn(at)
        const pricing = {
          ...PRICING,
          floor: 0,
          funding: [{ from: '2025-01-01', ratio: price.fundingRate }],
          opexRatio: 0
        }
        const made = offering({
          at: new Date(at).toISOString(),
          policy: price.fixed ? {} : { pricing: [{ ...pricing, tick: 0.05, grid: [{ band: 'A', pd: 0.01 }] }] },
          product: {
            fees,
            repaymentMethods: methods,
            dayBasis,
            disclosure: DISCLOSURE,
            offerGrid: { terms, amountShares: [0.5] }
          },
          nominalRate: price.nominalRate,
          caps,
          amountMinor,
          months,
          ...(income === undefined ? {} : { monthlyIncomeMinor: income })
        })
        if (made.kind === 'none') return void seen.none++
        expect(made.offers.length).toBeLessThanOrEqual(9)
        const paidOut = new Date(at + 480 * 60_000).toISOString().slice(0, 10)
        for (const offer of made.offers) {
          const { nominal, effective } = reckoned(offer, paidOut)
          expect(nominal).toBeLessThanOrEqual(caps.nominal! + 1e-9)
          expect(effective).toBeLessThanOrEqual(caps.effective! + 1e-9)
          expect(Math.abs(nominal - offer.apr.nominal)).toBeLessThanOrEqual(0.5e-6 + 1e-9)
          expect(Math.abs(effective - offer.apr.effective)).toBeLessThanOrEqual(0.5e-6 + 1e-9)
          checkSums(offer, income)
          seen.offers++
          if (fees.length > 0) seen.withFees++
          if (at >= Date.parse('2028-01-01T00:00:00+08:00')) seen.after2028++
          const contract = offer.costDisclosure!.items[0]!.annualised
          if (!price.fixed && Math.abs(contract / 0.05 - Math.round(contract / 0.05)) > 0.01) seen.lowered++
        }
      }),
      { numRuns: 400 }
    )
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20)
  })
})

function checkSums(offer: Offer, income: number | undefined) {
  const { schedule, amountMinor, costDisclosure } = offer
  let owedMinor = amountMinor
  const sums = { interest: 0, fees: 0, total: 0 }
  for (const { principalMinor, interestMinor, feesMinor = 0, totalMinor, balanceMinor } of schedule) {
    owedMinor -= principalMinor
    expect(balanceMinor).toBe(owedMinor)
    expect(totalMinor).toBe(principalMinor + interestMinor + feesMinor)
    for (const part of [principalMinor, interestMinor, feesMinor, balanceMinor])
      expect(Number.isSafeInteger(part) && part >= 0).toBe(true)
    // Rounding may add a minor unit for each fee and a few for the instalment, which grow with the interest.
    if (income !== undefined) expect(totalMinor).toBeLessThanOrEqual(income / 2 + 2 * schedule.length + 3)
    sums.interest += interestMinor
    sums.fees += feesMinor
    sums.total += totalMinor
  }
  expect(owedMinor).toBe(0)
  expect(offer.totalInterestMinor).toBe(sums.interest)
  expect(offer.totalRepayableMinor).toBe(sums.total)
  expect(offer.totalFeesMinor).toBe(sums.fees + amountMinor - (offer.receivedMinor ?? amountMinor))
  expect(offer.totalCostMinor).toBe(sums.interest + offer.totalFeesMinor!)
  const items = costDisclosure!.items
  expect(items.reduce((sum, item) => sum + item.amountMinor, 0)).toBe(offer.totalCostMinor)
  expect(items.reduce((sum, item) => sum + item.annualised, 0)).toBeCloseTo(offer.apr.nominal, 9)
}

test('a loan at 23 % all in is offered before 2028 and refused from its first midnight in China on', () => {
  // One instalment a year makes both readings the same.
  const term = { unit: 'month' as const, min: 12, max: 24, instalmentEvery: { count: 12, unit: 'month' as const } }
  const at = (instant: string) =>
    offering({ nominalRate: 0.23, product: { term }, at: instant, caps: capsOn(Date.parse(instant)) })
  const before = at('2027-12-31T23:59:59.999+08:00')
  expect(before.kind === 'offers' && before.offers[0]?.apr).toEqual({ nominal: 0.23, effective: 0.23, method: 'IRR' })
  expect(at('2028-01-01T00:00:00+08:00')).toEqual({ kind: 'none', code: 'R310' })
  expect(at('2027-12-31T23:59:59.999+08:00')).toEqual(before)
})
