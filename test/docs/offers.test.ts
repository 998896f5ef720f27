import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OfferSchema } from '../../src/domain/decision.ts'
import { priceOf } from '../../src/policy/pricing.ts'
import type { Policy } from '../../src/policy/schema.ts'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const { active } = JSON.parse(read('policies/active.json')) as { active: { policy: string } }
const POLICY = JSON.parse(read(`policies/${active.policy}.json`)) as Policy
const page = read('docs/offers.md')
const rows = page.split('\n').filter((line) => line.startsWith('| '))
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

test('docs/offers.md has the prices of the shipped policy', () => {
  const bands = POLICY.bands.filter(({ action }) => action === 'APPROVE')
  const priced = POLICY.products.filter(({ product }) =>
    POLICY.pricing?.some((block) => block.products.includes(product))
  )
  const expected = priced.map((product) => [
    product.product,
    ...bands.map((band) => {
      const rate = priceOf({ policy: POLICY, product, band, pd: 0.05, nowMs: Date.UTC(2026, 10, 25) })?.nominalRate
      return `${Math.round(rate! * 10_000) / 100} %`
    })
  ])
  const names = priced.map(({ product }) => product as string)
  expect(names).not.toEqual([])
  expect(rows.map(cellsOf).filter(([first]) => names.includes(first!))).toEqual(expected)
})

test('docs/offers.md has every field that an offer can have beside those of the first offers', () => {
  const first = ['offerId', 'amountMinor', 'currency', 'term', 'repaymentMethod', 'schedule']
  const told = rows.flatMap((row) => [...(cellsOf(row)[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  const fields = Object.keys(OfferSchema.properties).filter((name) => !first.includes(name))
  expect(told.filter((name) => name !== 'feesMinor').sort()).toEqual(fields.sort())
})
