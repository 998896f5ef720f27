import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { OfferSchema } from '../../src/domain/decision.ts'
import type { LprSeries } from '../../src/policy/rule-pack-schema.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { pricedOffers } from './priced-offers.ts'

const POLICY = JSON.parse(await readFile(new URL('../../policies/baseline.json', import.meta.url), 'utf8')) as Policy
const SHIPPED = new URL('../../policies/rule-packs/lpr-1y.json', import.meta.url)
const check = compileCheck(OfferSchema)

/** What the shipped policy offers in a band to somebody who earns enough for all that is asked. */
function shipped(product: 'consumer' | 'business', band: string, amountMinor = 1_000_000) {
  const application = {
    product,
    currency: 'CNY',
    amountMinor,
    term: { count: 12, unit: 'month' },
    facts: { monthlyIncomeMinor: 5_000_000 }
  } as unknown as Application
  return pricedOffers({
    policy: POLICY,
    product: POLICY.products.find((one) => one.product === product)!,
    band: POLICY.bands.find((one) => one.band === band)!,
    application,
    limitMinor: amountMinor,
    pd: 0.05,
    caps: { nominal: POLICY.rateCap, effective: POLICY.rateCap },
    decisionId: 'd',
    nowMs: Date.UTC(2026, 10, 25)
  })
}

test.each(['consumer', 'business'] as const)(
  '%s has nine offers in each band that approves, dearer by band',
  (product) => {
    const rates = ['A', 'B', 'C'].map((band) => {
      const made = shipped(product, band)
      if (made.kind === 'none') throw new Error(`${band}: ${made.code}`)
      expect(made.offers).toHaveLength(9)
      for (const offer of made.offers) {
        expect(check(JSON.parse(JSON.stringify(offer)))).toMatchObject({ ok: true })
        expect(offer).toMatchObject({ totalFeesMinor: 0, costDisclosure: { noOtherCharges: true } })
        expect(offer.fundingSplit?.reduce((sum, part) => sum + part.amountMinor, 0)).toBe(offer.amountMinor)
      }
      return made.offers[0]!.apr.nominal.toFixed(3)
    })
    expect(rates).toEqual(product === 'consumer' ? ['0.120', '0.165', '0.200'] : ['0.115', '0.160', '0.200'])
  }
)

test('the prices of the shipped policy are tied to the LPR of the rule packs', async () => {
  const { points } = JSON.parse(await readFile(SHIPPED, 'utf8')) as LprSeries
  expect(POLICY.lpr).toEqual(points.map(({ from, ratio }) => ({ from, ratio })))
})
