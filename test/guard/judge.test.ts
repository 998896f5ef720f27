import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDecision,
  type DecisionSums,
  type GuardAggregates,
  type LoanFigures,
  noSums
} from '../../src/guard/aggregates.ts'
import type { GuardPolicy, GuardRule } from '../../src/guard/guard-schema.ts'
import { GUARD_LEVELS, type GuardState, type Judgement, NO_GUARD } from '../../src/guard/guard-state.ts'
import { judge, nextState, release } from '../../src/guard/judge.ts'
import { findContradictions, loadGuard } from '../../src/guard/load-guard.ts'

const HOUR_MS = 3_600_000
/** 10:00 in Shanghai. */
const NOW_MS = Date.UTC(2026, 4, 4, 2)
const { policy: SHIPPED } = await loadGuard(new URL('../../policies/', import.meta.url))

describe('what the guard judges', () => {
  test('a daily budget is green, amber from 80 % and red from the whole of it', () => {
    const levels = [790, 800, 999, 1000].map((approvedMinor) => {
      const [judgement] = judge(withRules(BUDGET), { ...NOTHING, today: [sums({ approved: 1, approvedMinor })] })
      return judgement?.level
    })
    expect(levels).toEqual(['green', 'amber', 'amber', 'red'])
  })

  test('decisions of all partners of a product count together, and other products by themselves', () => {
    const today = [
      sums({ partner: 'a', approved: 2, approvedMinor: 600 }),
      sums({ partner: 'b', approved: 3, approvedMinor: 400 }),
      { ...sums({ approved: 1, approvedMinor: 5000 }), product: 'cash' }
    ]
    expect(judge(withRules(BUDGET), { ...NOTHING, today })).toMatchObject([{ product: 'consumer', value: 1, count: 5 }])
  })

  test('too few decisions are not judged, and a share of nothing is left out', () => {
    const few = sums({ decisions: 99, approved: 99 })
    expect(judge(withRules(RATE), { ...NOTHING, recent: [few] })).toMatchObject([{ level: 'few', value: 1 }])
    expect(judge(withRules(RATE), { ...NOTHING, recent: [sums({})] })).toEqual([])
  })

  test('what cannot be read is unknown', () => {
    expect(judge(withRules(BUDGET), { ...NOTHING, today: undefined })).toMatchObject([
      { level: 'unknown', value: null }
    ])
  })

  test('shares of partners and of funders are told one by one, of the only partner never', () => {
    const rule = { ...RATE, id: 'partner', measure: 'partner_share', minCount: 1 } as const
    const [a, b] = [
      sums({ partner: 'a', approved: 1, approvedMinor: 900 }),
      sums({ partner: 'b', approved: 1, approvedMinor: 100 })
    ]
    const judged = judge(withRules(rule), { ...NOTHING, week: [a, b] })
    expect(judged.map(({ of, value }) => [of, value])).toEqual([
      ['a', 0.9],
      ['b', 0.1]
    ])
    expect(judge(withRules(rule), { ...NOTHING, week: [a] })).toEqual([])
    const funded = sums({ approved: 1, approvedMinor: 1000 })
    funded.funderMinor.bank = 700
    const byFunder = judge(withRules({ ...rule, measure: 'funder_share' }), { ...NOTHING, week: [funded] })
    expect(byFunder.map(({ of, value }) => [of, value])).toEqual([['bank', 0.7]])
  })

  test.each([
    ['fpd30_level', { fpd30: { ratio: 0.03, loans: 200 } }, 0.03, 200],
    ['fpd30_rise', { fpd30: { ratio: 0.03, loans: 200 }, fpd30Before: { ratio: 0.02, loans: 300 } }, 0.5, 200],
    [
      'over30_mob3_rise',
      { over30Mob3: { ratio: 0.25, loans: 40 }, over30Mob3Before: { ratio: 0.1, loans: 30 } },
      1.5,
      30
    ],
    ['roll_m1_m2_rise', { rollM1M2: { ratio: 0.36, loans: 20 }, rollM1M2Before: { ratio: 0.3, loans: 10 } }, 0.06, 10],
    ['over90_share', { over90Minor: 30, balanceMinor: 1000, owingLoans: 7 }, 0.03, 7],
    ['borrower_share', { largestBorrowerMinor: 50, owingLoans: 7 }, 0.05, 7]
  ] as const)('%s is read off the loan book, with the loans behind it', (measure, figures, value, count) => {
    const judged = judge(
      { ...withRules({ ...RATE, measure }), netAssetsMinor: 1000 },
      { ...NOTHING, loans: [{ ...LOANS, ...figures }] }
    )
    expect(judged[0]?.value).toBeCloseTo(value, 9)
    expect(judged[0]?.count).toBe(count)
  })

  test('a month of few loans is not judged, however large the book', () => {
    const figures = { over30Mob3: { ratio: 0.9, loans: 99 }, over30Mob3Before: { ratio: 0.1, loans: 5000 } }
    const [judged] = judge(withRules({ ...RATE, measure: 'over30_mob3_rise' }), {
      ...NOTHING,
      loans: [{ ...LOANS, ...figures }]
    })
    expect(judged).toMatchObject({ level: 'few', count: 99 })
  })

  test('a loan book without a figure judges nothing by it, and nothing rises from nothing', () => {
    const rule = withRules({ ...RATE, measure: 'fpd30_rise' })
    expect(judge(rule, { ...NOTHING, loans: [LOANS] })).toEqual([])
    const fromNothing = { fpd30: { ratio: 0.1, loans: 200 }, fpd30Before: { ratio: 0, loans: 200 } }
    expect(judge(rule, { ...NOTHING, loans: [{ ...LOANS, ...fromNothing }] })).toEqual([])
  })

  test('counts of a decision are those of its largest offer', () => {
    const counted = noSums('consumer', 'a')
    addDecision(counted, { ...FACT, pd: 0.2 })
    addDecision(counted, { ...FACT, isApproved: false, amountMinor: 0, funding: [] })
    expect(counted).toMatchObject({
      decisions: 2,
      approved: 1,
      approvedMinor: 500,
      above4LprMinor: 500,
      scored: 1,
      pdSum: 0.2
    })
    expect(counted.funderMinor).toEqual({ self: 150, bank: 350 })
  })
})

describe('what the guard does', () => {
  test('amber tells and does nothing; red restricts with value, threshold and policy', () => {
    const amber = look(NO_GUARD, [judgement('amber')])
    expect(amber.state.restrictions).toEqual([])
    expect(amber.entries).toMatchObject([{ kind: 'level', before: 'green', judgement: { level: 'amber' } }])
    const red = look(amber.state, [judgement('red', 1.2)])
    expect(red.state.restrictions).toEqual([
      {
        id: 'daily-budget.consumer',
        rule: 'daily-budget',
        kind: 'pause',
        product: 'consumer',
        partner: null,
        limitShare: 0,
        value: 1.2,
        threshold: 1,
        policy: 'guard-1@sha256:0',
        sinceMs: NOW_MS,
        // Midnight in Shanghai.
        untilMs: Date.UTC(2026, 4, 4, 16)
      }
    ])
    expect(red.entries.map(({ kind }) => kind)).toEqual(['level', 'restricted'])
  })

  test('the same look again changes nothing but its time', () => {
    const once = look(NO_GUARD, [judgement('red')])
    const again = look(once.state, [judgement('red')], NOW_MS + 1)
    expect(again.entries).toEqual([])
    expect(again.state).toEqual({ ...once.state, checkedAtMs: NOW_MS + 1 })
  })

  test.each(['green', 'few', 'unknown', 'amber'] as const)(
    'a restriction stays in force when its rule is %s',
    (level) => {
      const { state } = look(NO_GUARD, [judgement('red')])
      expect(look(state, [judgement(level)]).state.restrictions).toEqual(state.restrictions)
    }
  )

  test('what lasts for a day ends with it, and a rule that only tells does nothing', () => {
    const { state } = look(NO_GUARD, [judgement('red')])
    const dayEnd = look(state, [judgement('green')], Date.UTC(2026, 4, 4, 16))
    expect([dayEnd.state.restrictions, dayEnd.entries.some(({ kind }) => kind === 'ended')]).toEqual([[], true])
    const telling = { ...BUDGET, action: { kind: 'none' } } as const
    expect(
      nextState({ policy: withRules(telling), id: 'x' }, NO_GUARD, [judgement('red')], NOW_MS).state.restrictions
    ).toEqual([])
  })

  test('two different people release; one does not, nor one twice', () => {
    const { state } = look(NO_GUARD, [judgement('red')])
    const id = 'daily-budget.consumer'
    expect(release(withRules(BUDGET), state, id, ['ann'], NOW_MS).kind).toBe('too_few_people')
    expect(release(withRules(BUDGET), state, id, ['ann', 'ann'], NOW_MS).kind).toBe('too_few_people')
    expect(release(withRules(BUDGET), state, 'other', ['ann', 'bob'], NOW_MS).kind).toBe('unknown')
    const released = release(withRules(BUDGET), state, id, ['ann', 'bob'], NOW_MS)
    if (released.kind !== 'released') throw new Error(released.kind)
    expect(released.state.restrictions).toEqual([])
    expect(released.entry).toMatchObject({ kind: 'released', people: ['ann', 'bob'], restriction: { id } })
    // Still red: not again before the hold is over.
    expect(look(released.state, [judgement('red')], NOW_MS + 24 * HOUR_MS - 1).state.restrictions).toEqual([])
    expect(look(released.state, [judgement('red')], NOW_MS + 24 * HOUR_MS).state.restrictions).toHaveLength(1)
  })

  test('whatever is seen in whatever order, only red restricts and only an end or a release frees', () => {
    const levels = fc.constantFrom(...GUARD_LEVELS)
    fc.assert(
      fc.property(fc.array(fc.tuple(levels, fc.integer({ min: 0, max: 10 * HOUR_MS })), { maxLength: 20 }), (steps) => {
        let state: GuardState = NO_GUARD
        let nowMs = NOW_MS
        for (const [level, gapMs] of steps) {
          nowMs += gapMs
          const before = state.restrictions.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
          state = look(state, [judgement(level)], nowMs).state
          expect(state.restrictions.length).toBe(before.length > 0 || level === 'red' ? 1 : 0)
          if (before.length > 0) expect(state.restrictions).toEqual(before)
        }
      })
    )
  })
})

describe('the file of the guard', () => {
  test('that ships loads, and has every measure', () => {
    expect(findContradictions(SHIPPED)).toEqual([])
    expect(SHIPPED.rules.length).toBeGreaterThan(10)
  })

  test('is refused where rules share a name, act before they tell, or miss what they measure by', () => {
    const { netAssetsMinor: _, ...without } = SHIPPED
    const rules: GuardRule[] = [
      BUDGET,
      { ...BUDGET, amber: 2 },
      { ...BUDGET, id: 'b', measure: 'borrower_share' },
      { ...BUDGET, id: 'c', action: { kind: 'pause', target: 'partner' } }
    ]
    const fields = findContradictions({ ...without, rules }).map(({ field }) => field)
    expect(fields).toEqual(['/rules/1/id', '/rules/1/amber', '/rules/2', '/rules/3/action/target'])
  })
})

const BUDGET: GuardRule = {
  id: 'daily-budget',
  measure: 'budget_share',
  amber: 0.8,
  red: 1,
  minCount: 1,
  action: { kind: 'pause', target: 'product' },
  until: 'day_end'
}
const RATE: GuardRule = { ...BUDGET, id: 'rate', measure: 'approval_rate', minCount: 100, until: 'released' }
const NOTHING: GuardAggregates = { today: [], recent: [], week: [], loans: [] }
const NONE = { ratio: null, loans: 0 }
const LOANS: LoanFigures = {
  product: 'consumer',
  fpd30: NONE,
  fpd30Before: NONE,
  over30Mob3: NONE,
  over30Mob3Before: NONE,
  rollM1M2: NONE,
  rollM1M2Before: NONE,
  owingLoans: 500,
  balanceMinor: 0,
  over90Minor: 0,
  largestBorrowerMinor: 0
}
const FACT = {
  product: 'consumer',
  partner: 'a',
  isApproved: true,
  amountMinor: 500,
  isAbove4Lpr: true,
  pd: Number.NaN,
  funding: [
    { partner: 'self', amountMinor: 150 },
    { partner: 'bank', amountMinor: 350 }
  ]
}

function withRules(...rules: GuardRule[]): GuardPolicy {
  return { ...SHIPPED, budgetMinor: { consumer: 1000 }, holdHours: 24, rules }
}

function sums(known: Partial<DecisionSums>): DecisionSums {
  return { ...noSums('consumer', 'a'), ...known }
}

function judgement(level: Judgement['level'], value = 1): Judgement {
  return { rule: 'daily-budget', product: 'consumer', of: null, level, value, count: 9, amber: 0.8, red: 1 }
}

function look(state: GuardState, judgements: readonly Judgement[], nowMs = NOW_MS) {
  return nextState({ policy: withRules(BUDGET), id: 'guard-1@sha256:0' }, state, judgements, nowMs)
}
