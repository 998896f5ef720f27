import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { compilePolicy } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { applying, MODEL, NAMES } from './applying.ts'
import { staged } from './policy-file.ts'

const RULES = await loadRules()
const SCOPE = { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' } as const
const CONSUMER = { ...MODEL, population: { products: ['consumer'], currencies: ['CNY'] } }
const TEXTS = { name: '费', basis: '本金', method: '按月', payee: '担保公司', payeeLicence: 'guarantor' }
const DAY_MS = 86_400_000

test('no offer is above a cap in force on its day, nor above a balance cap, whatever the date, price, fees, amount and debts', () => {
  const fee = fc.record({
    collected: fc.constantFrom('upfront', 'eachPeriod'),
    ratio: fc.double({ min: 0.0001, max: 0.02, noNaN: true })
  })
  const day = fc.integer({ min: Date.UTC(2025, 11, 25) / DAY_MS, max: Date.UTC(2029, 0, 1) / DAY_MS })
  const asked = fc.record({
    day,
    price: fc.double({ min: 0, max: 0.36, noNaN: true }),
    rateCap: fc.double({ min: 0.05, max: 0.36, noNaN: true }),
    fees: fc.array(fee, { maxLength: 2 }),
    amountMinor: fc.integer({ min: 50_000, max: 50_000_000 }),
    months: fc.integer({ min: 1, max: 24 }),
    exposureMinor: fc.integer({ min: 0, max: 25_000_000 })
  })
  let offered = 0
  fc.assert(
    fc.property(asked, ({ day, price, rateCap, fees, amountMinor, months, exposureMinor }) => {
      const plain = staged({ rateCap, lender: { currency: 'CNY', netAssetsMinor: 100_000_000_000 } })
      const products = plain.products.map((product) => ({
        ...product,
        amountMinor: { min: 50_000, max: 50_000_000, step: 10_000 },
        firstLoanMaxMinor: 50_000_000,
        fees: fees.map((each) => ({ ...TEXTS, ...each })),
        rules: { jurisdiction: 'CN', lenderType: 'online_microloan' }
      }))
      const bands = [{ band: 'A', pdBelow: 1, action: 'APPROVE', nominalRate: price, limitShare: 1 }]
      const policy = { ...plain, products, bands, firstLoanBand: undefined } as unknown as Policy
      const nowMs = day * DAY_MS
      const base = applying(1)
      const application = {
        ...base.application,
        product: 'consumer',
        currency: 'CNY',
        amountMinor,
        term: { count: months, unit: 'month' },
        consents: ['automated_decision', 'bureau_query'],
        facts: { birthYear: 1990, monthlyIncomeMinor: 5_000_000_000 }
      } as unknown as Application
      const { offers } = compilePolicy(policy, CONSUMER, NAMES, { rules: RULES })({
        ...base,
        application,
        nowMs,
        exposureMinor,
        assessment: { kind: 'scored', pd: 0.05, contributions: null }
      })
      const { nominal, effective } = RULES(nowMs, SCOPE).rateCap
      for (const offer of offers) {
        offered++
        // What is told is rounded to six digits.
        expect(offer.apr.nominal).toBeLessThanOrEqual(Math.min(nominal ?? 1, rateCap) + 1e-6)
        expect(offer.apr.effective).toBeLessThanOrEqual(Math.min(effective ?? 1, rateCap) + 1e-6)
        expect(offer.amountMinor + exposureMinor).toBeLessThanOrEqual(20_000_000)
      }
    }),
    { numRuns: 500 }
  )
  expect(offered).toBeGreaterThan(20)
})
