import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { loadRules } from '../../src/policy/load-rules.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { findUnmetRules } from '../../src/policy/unmet-rules.ts'

const RULES = await loadRules()
const BASELINE = JSON.parse(await readFile(new URL('../../policies/baseline.json', import.meta.url), 'utf8')) as Policy
const NOW = Date.parse('2026-11-25T12:00:00Z')
const CONSUMER = BASELINE.products.findIndex(({ product }) => product === 'consumer')

function told(change: (policy: Policy) => void, atMs = NOW): string[] {
  const policy = structuredClone(BASELINE)
  change(policy)
  return findUnmetRules(policy, RULES, atMs).map(({ field, problem }) => `${field}: ${problem}`)
}
const consumerOf = ({ products }: Policy) => products[CONSUMER] as Policy['products'][number]

test('the shipped policy meets the rules in force, and so does a lender who funds all of it', () => {
  expect(told(() => {})).toEqual([])
  expect(told((policy) => void delete consumerOf(policy).funding)).toEqual([])
})

test.each<[string, (policy: Policy) => void, string]>([
  [
    'a share of one’s own below the floor',
    (policy) => {
      consumerOf(policy).funding = [
        { partner: 'self', share: 0.1 },
        { partner: 'bank_a', share: 0.9 }
      ]
    },
    `/products/${CONSUMER}/funding: CN.JOINT.OWN_SHARE asks for a share of 0.3 of one’s own, and it is 0.1`
  ],
  [
    'no net assets of the lender',
    (policy) => void delete policy.lender,
    '/lender: CN.MICRO.BORROWER_CONCENTRATION needs the net assets of the lender in CNY: consumer'
  ],
  [
    'another currency than that of a cap',
    (policy) => void Object.assign(consumerOf(policy), { currency: 'EUR' }),
    `/products/${CONSUMER}/currency: CN.MICRO.CONSUMER_BALANCE_CAP caps in CNY: consumer in EUR cannot be measured`
  ],
  [
    'a partner that has left the list',
    ({ partners }) => void Object.assign(partners?.[0] ?? {}, { to: '2026-11-24' }),
    `/products/${CONSUMER}/funding: CN.JOINT.PARTNER_LIST asks for partners that are on the list today`
  ]
])('a product with %s is told: every application would be refused', (_what, change, expected) => {
  const said = told(change)
  expect(said).toContain(expected)
  // The floor of the draft of 2020 is told nowhere: it does not bind.
  expect(said.join()).not.toContain('DRAFT')
})

test('a rule that does not bind, or not yet, is not asked', () => {
  const unlisted = ({ partners }: Policy) => void Object.assign(partners?.[0] ?? {}, { to: '2025-01-01' })
  expect(told(unlisted)).toHaveLength(2)
  expect(told(unlisted, Date.parse('2025-09-30T12:00:00+08:00'))).toEqual([])
})
