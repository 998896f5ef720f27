import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Policy } from '../../src/policy/schema.ts'
import { replayCases } from './offers-replay-cases.ts'
import { pricedOffers } from './priced-offers.ts'

/** Of the offers to replayCases as they were before products had fees, grids and disclosures. */
const DIGEST = 'fb940c371a710c21ff1aedc5fa71c6c0e8041d74e52cfbee5d9307e0eb72569a'
const FIRST = JSON.parse(await readFile(new URL('../../policies/baseline-1.json', import.meta.url), 'utf8')) as Policy

test('a policy without fees, grid and disclosure makes the very same bytes as before there were any', () => {
  const hash = createHash('sha256')
  let count = 0
  for (const { product, repaymentMethods, nominalRate, rateCap, application, nowMs } of replayCases()) {
    const found = FIRST.products.find((one) => one.product === product)!
    const made = pricedOffers({
      policy: FIRST,
      product: repaymentMethods === undefined ? found : { ...found, repaymentMethods: [...repaymentMethods] },
      band: { band: 'A', pdBelow: 1, action: 'APPROVE', nominalRate, limitShare: 1 },
      application,
      limitMinor: application.amountMinor,
      pd: 0.05,
      caps: { nominal: rateCap, effective: rateCap },
      decisionId: 'd',
      nowMs
    })
    const offers = made.kind === 'none' ? [] : made.offers
    count += offers.length
    hash.update(`${JSON.stringify(offers)}\n`)
  }
  expect([count, hash.digest('hex')]).toEqual([1267, DIGEST])
})
