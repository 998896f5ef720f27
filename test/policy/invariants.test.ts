import { expect, test } from 'vitest'
import { compilePolicy } from '../../src/policy/engine.ts'
import { brokenInvariants } from '../../src/policy/invariants.ts'
import { applying, MODEL, NAMES, POLICY } from './applying.ts'

const decide = compilePolicy(POLICY, MODEL, NAMES)
const verdictAt = (pd: number) =>
  decide({ ...applying(1), assessment: { kind: 'scored', pd, contributions: Float64Array.of() } })
const approved = verdictAt(0.05)
const declined = { ...verdictAt(0.9), reasons: approved.reasons }

test('a decision of the engine breaks none', () => {
  expect(approved.outcome).toBe('APPROVE')
  expect(brokenInvariants(approved, POLICY)).toEqual([])
})

test('an approval without a usable score is seen', () => {
  const { score } = approved
  if (score === null) throw new Error('an approval has a score')
  expect(brokenInvariants({ ...approved, score: null }, POLICY)).toEqual(['approval_without_score'])
  expect(brokenInvariants({ ...approved, score: { ...score, pd: Number.NaN } }, POLICY)).toEqual([
    'approval_without_score'
  ])
})

test('a refusal without a reason is seen', () => {
  expect(brokenInvariants(declined, POLICY)).toEqual(['refusal_without_reason'])
})

test('an offer above the cap of the policy, or of the rules of the day, is seen on either reading', () => {
  const [offer] = approved.offers
  if (offer === undefined) throw new Error('an approval has an offer')
  const priced = (nominal: number, effective: number) => ({
    ...approved,
    offers: [{ ...offer, apr: { ...offer.apr, nominal, effective } }]
  })
  expect(brokenInvariants(priced(0.2, 0.25), POLICY)).toEqual(['offer_above_cap'])
  expect(brokenInvariants(priced(Number.NaN, 0.1), POLICY)).toEqual(['offer_above_cap'])
  expect(brokenInvariants(priced(0.12, 0.13), POLICY)).toEqual([])
})

test('an offer above the limit, or without one, is seen', () => {
  const [offer] = approved.offers
  if (offer === undefined || approved.limit === null) throw new Error('an approval has an offer and a limit')
  const more = { ...offer, amountMinor: approved.limit.amountMinor + 1 }
  expect(brokenInvariants({ ...approved, offers: [more] }, POLICY)).toEqual(['offer_above_limit'])
  expect(brokenInvariants({ ...approved, limit: null }, POLICY)).toEqual(['offer_above_limit'])
})
