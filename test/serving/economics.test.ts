import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Offer } from '../../src/domain/decision.ts'
import { economicsOf } from '../../src/serving/economics.ts'

const ASSUMED = { lossGivenDefault: 0.8, fundingRate: 0.073, costShare: 0.01 }

function offerOf(balances: readonly number[], amountMinor: number, days: number, totalInterestMinor: number): Offer {
  const schedule = balances.map((balanceMinor) => ({ balanceMinor }))
  return { amountMinor, totalInterestMinor, term: { count: days, unit: 'day' }, schedule } as unknown as Offer
}

test('a bullet loan loses its whole amount, and pays funding for its days', () => {
  // 10,000.00 for 50 days at 7.3 % a year: 100.00 of funding, and 100.00 for making it.
  const { lossIfBadMinor, costMinor, expectedLossMinor, expectedMarginMinor } = economicsOf(
    offerOf([0], 1_000_000, 50, 50_000),
    0.1,
    ASSUMED
  )
  expect(lossIfBadMinor).toBeCloseTo(800_000, 6)
  expect(costMinor).toBeCloseTo(20_000, 6)
  expect(expectedLossMinor).toBeCloseTo(80_000, 6)
  expect(expectedMarginMinor).toBeCloseTo(45_000 - 80_000 - 20_000, 6)
})

test('a loan in equal principals is half outstanding on average, and a little more the fewer the instalments', () => {
  const quarters = offerOf([750, 500, 250, 0], 1000, 120, 0)
  expect(economicsOf(quarters, 1, { lossGivenDefault: 1, fundingRate: 0, costShare: 0 }).lossIfBadMinor).toBe(625)
})

test('a higher probability of default never earns more', () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(ratio, ratio, fc.nat(100_000), (left, right, interestMinor) => {
      const [low, high] = [Math.min(left, right), Math.max(left, right)]
      const offer = offerOf([500, 0], 1000, 60, interestMinor)
      const marginAt = (pd: number) => economicsOf(offer, pd, ASSUMED).expectedMarginMinor
      expect(marginAt(high)).toBeLessThanOrEqual(marginAt(low))
    })
  )
})
