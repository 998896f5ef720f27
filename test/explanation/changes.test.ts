import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Term } from '../../src/domain/application.ts'
import type { Offer } from '../../src/domain/decision.ts'
import { type ReasonCode, rankReasons } from '../../src/domain/reasons.ts'
import { findChanges } from '../../src/explanation/changes.ts'
import { createSearchBudget } from '../../src/explanation/search.ts'
import type { Verdict } from '../../src/policy/engine.ts'
import type { ProductPolicy } from '../../src/policy/product-schema.ts'
import { POLICY } from './decided.ts'

const CASH = POLICY.policy.products.find(({ product }) => product === 'cash') as ProductPolicy
const days = (count: number): Term => ({ count, unit: 'day' })
const COUNTS = [...Array.from({ length: 24 }, (_, at) => 7 + at), 60, 90]
const AMOUNTS = Array.from({ length: 111 }, (_, at) => 500_000 + at * 50_000)

const verdict = (granted: number | undefined, code: ReasonCode = 'R101'): Verdict => ({
  outcome: granted === undefined ? 'DECLINE' : 'APPROVE',
  score: null,
  limit: null,
  offers: granted === undefined ? [] : [{ amountMinor: granted } as Offer],
  reasons: granted === undefined ? rankReasons([code]) : [],
  utcOffsetMinutes: null
})

interface Asked {
  readonly amountMinor: number
  readonly term: Term
}

function changesOf(
  asked: Asked,
  passes: (amountMinor: number, count: number) => boolean,
  { product = CASH, code, maxTries = 400 }: { product?: ProductPolicy; code?: ReasonCode; maxTries?: number } = {}
) {
  let tries = 0
  const decide = (amountMinor: number, term: Term): Verdict => {
    tries++
    return verdict(passes(amountMinor, term.count) ? amountMinor : undefined, code)
  }
  const rest = async () => {}
  const budget = createSearchBudget({ maxTries, maxBusyMs: 1, sliceMs: 1, monotonicMs: () => 0, rest })
  return findChanges({ application: asked, product, decide, budget }).then((found) => ({ ...found, tries }))
}

const asked = fc.record({
  amountMinor: fc.integer({ min: 500_000, max: 6_000_000 }),
  term: fc.constantFrom(...COUNTS).map(days)
})

describe('what would have been approved', () => {
  test('is the largest amount on the grid below the one asked for, and the terms that pass, whatever passes', async () => {
    await fc.assert(
      fc.asyncProperty(asked, fc.func(fc.boolean()), async (of, draw) => {
        const passes = (amountMinor: number, count: number) =>
          !(amountMinor === of.amountMinor && count === of.term.count) && draw(amountMinor, count)
        const { items, isExact } = await changesOf(of, passes)
        const byAmount = items.filter(({ change }) => change === 'amount')
        const best = AMOUNTS.filter((each) => each < of.amountMinor && passes(each, of.term.count)).at(-1)
        expect(byAmount).toEqual(best === undefined ? [] : [{ change: 'amount', amountMinor: best, term: of.term }])
        const terms = items.filter(({ change }) => change === 'term').map(({ term }) => term.count)
        const passing = COUNTS.filter((count) => count !== of.term.count && passes(of.amountMinor, count))
        const distance = (count: number) => Math.abs(count - of.term.count)
        const nearest = passing.toSorted((left, right) => distance(left) - distance(right))[0]
        expect(new Set(terms)).toEqual(new Set(passing.length === 0 ? [] : [nearest, passing[0], passing.at(-1)]))
        expect(isExact).toBe(byAmount.length + terms.length > 0)
      }),
      { numRuns: 60 }
    )
  })

  test('changes both only where neither alone passes', async () => {
    const of = { amountMinor: 3_000_000, term: days(30) }
    const { items } = await changesOf(of, (amountMinor, count) => amountMinor <= 1_250_000 && count <= 14)
    expect(items).toEqual([{ change: 'amountAndTerm', amountMinor: 1_250_000, term: days(14) }])
  })

  test('is more, where less than the product’s least was asked for', async () => {
    const { items } = await changesOf({ amountMinor: 420_000, term: days(30) }, (amountMinor) => amountMinor >= 500_000)
    expect(items).toEqual([{ change: 'amount', amountMinor: 500_000, term: days(30) }])
  })

  test('is a term of the product, where another was asked for', async () => {
    const of = { amountMinor: 1_000_000, term: { count: 2, unit: 'month' } as const }
    const { items } = await changesOf(of, (_amountMinor, count) => count >= 7)
    expect(items.map(({ term }) => term)).toEqual([days(7), days(90)])
  })

  test('is nothing that would be granted in part only', async () => {
    const budget = createSearchBudget({
      maxTries: 400,
      maxBusyMs: 1,
      sliceMs: 1,
      monotonicMs: () => 0,
      rest: async () => {}
    })
    const decide = (amountMinor: number) => verdict(Math.min(amountMinor, 1_000_000))
    const application = { amountMinor: 3_000_000, term: days(30) }
    const { items } = await findChanges({ application, product: CASH, decide, budget })
    expect(items).toEqual([{ change: 'amount', amountMinor: 1_000_000, term: days(30) }])
  })

  test('is not looked for any longer once a cause shows that no amount and no term changes', async () => {
    const of = { amountMinor: 3_000_000, term: days(30) }
    const found = await changesOf(of, (amountMinor) => amountMinor <= 600_000, { code: 'R501' })
    expect(found).toEqual({ items: [], isExact: true, hasOtherCause: true, tries: 1 })
  })

  test('costs no more than its tries on a grid of 100,000 amounts, and is found there', async () => {
    const product = POLICY.policy.products.find((each) => each.product === 'business') as ProductPolicy
    const of = { amountMinor: 1_000_000_000, term: { count: 12, unit: 'month' } as const }
    const { items, tries, isExact } = await changesOf(of, (amountMinor) => amountMinor <= 4_320_000, { product })
    expect(items).toEqual([{ change: 'amount', amountMinor: 4_320_000, term: of.term }])
    expect([isExact, tries <= 400]).toEqual([false, true])
  })
})
