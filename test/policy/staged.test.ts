import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import { type Assessment, compilePolicy, type DecideInput, type Verdict } from '../../src/policy/engine.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { StepsSchema } from '../../src/policy/steps.ts'
import { applying, MODEL, NAMES, POLICY } from './applying.ts'
import { staged } from './policy-file.ts'

const DEVICE = 'device.applicants_7d'
const checkSteps = compileCheck(StepsSchema)
const scored = (pd: number): Assessment => ({ kind: 'scored', pd, contributions: Float64Array.of() })

type Changes = Partial<Omit<DecideInput, 'application'>> & {
  readonly application?: object
  readonly facts?: object
  readonly features?: Readonly<Record<string, number>>
}

function decideWith(policy: Policy, { application, facts, features = {}, ...changes }: Changes = {}): Verdict {
  const plain = applying(1)
  for (const [name, value] of Object.entries(features)) plain.values[NAMES.indexOf(name)] = value
  const asked = { ...plain.application, ...application, facts: { ...plain.application.facts, ...facts } }
  const verdict = compilePolicy(
    policy,
    MODEL,
    NAMES
  )({
    ...plain,
    assessment: scored(0.05),
    ...changes,
    application: asked as DecideInput['application']
  })
  expect(checkSteps(verdict.steps)).toMatchObject({ ok: true })
  return verdict
}
const codesOf = ({ reasons }: Verdict) => reasons.map(({ code }) => code)
const reached = ({ steps }: Verdict) => Object.keys(steps ?? {})

const eligibility = (...rows: object[]) => [{ name: 'rows', stage: 'eligibility', hitPolicy: 'collect', rows }]

describe('a decision in stages', () => {
  test('goes through all of them in the order of the domain reference, and says what each came to', () => {
    const { outcome, steps } = decideWith(staged({ tables: eligibility() }))
    expect(outcome).toBe('APPROVE')
    expect(steps).toEqual({
      fraud: 'PASS',
      statutory: 'PASS',
      eligibility: 'PASS',
      score: { band: 'A', action: 'APPROVE' },
      credit: 'PASS',
      limit: { bounds: { PRODUCT: 6_000_000, BAND: 6_000_000 }, by: 'PRODUCT', amountMinor: 6_000_000 },
      price: { nominalRate: 0.15, caps: { nominal: 0.24, effective: 0.24 } },
      offers: 1
    })
    expect(Object.keys(steps ?? {})).toEqual([
      'fraud',
      'statutory',
      'eligibility',
      'score',
      'credit',
      'limit',
      'price',
      'offers'
    ])
  })

  test('ends where fraud declines, and tells nothing of credit or of the law', () => {
    const verdict = decideWith(staged(), {
      features: { 'device.applicants_30d': 6 },
      application: { purpose: 'securities' }
    })
    expect([verdict.outcome, codesOf(verdict), verdict.score]).toEqual(['DECLINE', ['R501'], null])
    expect(verdict.steps).toEqual({
      fraud: {
        outcome: 'DECLINE',
        hits: [{ rule: 'velocity/0', outcome: 'DECLINE', reason: 'R501', read: { 'device.applicants_30d': 6 } }]
      }
    })
  })

  test('ends where the law declines, before what the product offers is asked', () => {
    const verdict = decideWith(staged(), { application: { purpose: 'securities', currency: 'CNY' } })
    expect([verdict.outcome, codesOf(verdict), reached(verdict)]).toEqual(['DECLINE', ['R203'], ['fraud', 'statutory']])
  })

  test('waits with a referral for what may still decline', () => {
    const policy = staged({ tables: eligibility({ when: {}, output: { action: 'REFER', reason: 'R401' } }) })
    expect(codesOf(decideWith(policy))).toEqual(['R401'])
    const declined = staged({
      tables: eligibility(
        { when: {}, output: { action: 'REFER', reason: 'R401' } },
        { when: { amountMinor: { above: 1 } }, output: { action: 'DECLINE', reason: 'R140' } }
      )
    })
    expect([decideWith(declined).outcome, codesOf(decideWith(declined))]).toEqual(['DECLINE', ['R140']])
  })

  test('asks tables of credit about the score, for those alone whom nothing refers', () => {
    const rows = [{ when: { pd: { above: 0.04 }, band: { in: ['A'] } }, output: { action: 'DECLINE', reason: 'R131' } }]
    const policy = staged({ tables: [{ name: 'thin', stage: 'credit', hitPolicy: 'first', rows }] })
    const declined = decideWith(policy)
    expect([declined.outcome, codesOf(declined), declined.score?.pd]).toEqual(['DECLINE', ['R131'], 0.05])
    expect(declined.steps?.credit).toMatchObject({ hits: [{ rule: 'thin/0', read: { pd: 0.05, band: 'A' } }] })
    expect(decideWith(policy, { assessment: scored(0.03) }).outcome).toBe('APPROVE')
    const referred = decideWith(policy, { features: { [DEVICE]: 4 } })
    expect([referred.outcome, codesOf(referred)]).toEqual(['REFER', ['R501']])
  })

  test('refers what is not usable as a score, with the fault as its step', () => {
    const verdict = decideWith(staged(), { assessment: { kind: 'fault', code: 'SYS_OVERLOAD' } })
    expect([verdict.outcome, codesOf(verdict), verdict.steps?.score]).toEqual([
      'REFER',
      ['SYS_OVERLOAD'],
      'SYS_OVERLOAD'
    ])
    expect(decideWith(staged(), { assessment: scored(Number.NaN) }).outcome).toBe('REFER')
  })

  test('that asks for a check refers and says which, until when and how often; not to somebody who is declined', () => {
    const check = { action: 'STEP_UP', step: 'STEP_UP_LIVENESS', reason: 'R401', expiresInMinutes: 60, attempts: 3 }
    const rows = [{ when: { [DEVICE]: { atLeast: 2 } }, output: check }]
    const policy = staged({ tables: [{ name: 'identity', stage: 'fraud', hitPolicy: 'first', rows }] })
    const verdict = decideWith(policy, { features: { [DEVICE]: 2 } })
    expect([verdict.outcome, codesOf(verdict)]).toEqual(['REFER', ['R401']])
    expect(verdict.nextActions).toEqual([
      { type: 'STEP_UP_LIVENESS', expiresAt: '2026-11-25T01:00:00.000Z', attemptsLeft: 3 }
    ])
    expect(decideWith(policy).nextActions).toBeUndefined()
    const declined = decideWith(policy, { features: { [DEVICE]: 2 }, application: { purpose: 'securities' } })
    expect([declined.outcome, declined.nextActions]).toEqual(['DECLINE', undefined])
  })
})

describe('the limit', () => {
  const limits = (strategy: object) => staged({ limits: [{ product: 'cash', ...strategy }] })
  const asking = (amountMinor: number, facts: object = {}) => ({ application: { amountMinor }, facts })

  test.each<[string, object, object, number, string, string]>([
    ['of incomes', { incomeMultiples: { A: 0.4 } }, { monthlyIncomeMinor: 4_000_000 }, 1_600_000, 'INCOME', 'R302'],
    [
      'of expected loss',
      { expectedLoss: { budgetMinor: 50_000, lossGivenDefault: 0.8 } },
      {},
      1_250_000,
      'EXPECTED_LOSS',
      'R302'
    ]
  ])(
    '%s binds where it is the least, and less is offered with the reason',
    (_what, strategy, facts, amountMinor, by, code) => {
      const verdict = decideWith(limits(strategy), asking(6_000_000, facts))
      expect(verdict).toMatchObject({ outcome: 'APPROVE', limit: { amountMinor, bindingConstraint: by } })
      expect(verdict.offers.map((offer) => offer.amountMinor)).toEqual([amountMinor])
      expect(codesOf(verdict)).toEqual([code])
      expect(codesOf(decideWith(limits(strategy), asking(amountMinor, facts)))).toEqual([])
    }
  )

  test('is declined where the policy wants no smaller offer, and where it is below the least amount', () => {
    const strategy = { incomeMultiples: { A: 0.4 }, reducedOffers: false }
    const facts = { monthlyIncomeMinor: 4_000_000 }
    expect(decideWith(limits(strategy), asking(1_650_000, facts))).toMatchObject({ outcome: 'DECLINE' })
    expect(decideWith(limits(strategy), asking(1_600_000, facts))).toMatchObject({ outcome: 'APPROVE' })
    const poor = decideWith(limits({ incomeMultiples: { A: 0.4 } }), asking(500_000, { monthlyIncomeMinor: 1_200_000 }))
    expect([poor.outcome, codesOf(poor)]).toEqual(['DECLINE', ['R302']])
  })

  test('is that of the segment, or the share, that a table of limits gives', () => {
    const rows = [
      { when: { employment: { in: ['student'] } }, output: { segment: 'young' } },
      { when: { amountMinor: { above: 5_000_000 } }, output: { limitShare: 0.5 } }
    ]
    const policy = staged({
      limits: [{ product: 'cash', segments: [{ segment: 'young', maxMinor: 1_000_000 }] }],
      tables: [{ name: 'segments', stage: 'limit', hitPolicy: 'collect', rows }]
    })
    const young = decideWith(policy, asking(2_000_000, { employment: 'student' }))
    expect(young.limit).toMatchObject({ amountMinor: 1_000_000, bindingConstraint: 'SEGMENT' })
    expect(young.steps?.limit).toMatchObject({ segment: 'young', hits: ['segments/0'] })
    expect(decideWith(policy, asking(5_500_000)).limit).toMatchObject({
      amountMinor: 3_000_000,
      bindingConstraint: 'TABLE'
    })
    expect(decideWith(policy, asking(5_000_000)).limit).toMatchObject({ amountMinor: 6_000_000 })
  })

  test('is below what is owed already', () => {
    const owing = decideWith(staged(), { ...asking(6_000_000), exposureMinor: 1_020_000 })
    expect(owing).toMatchObject({ outcome: 'APPROVE', limit: { amountMinor: 4_950_000 } })
    expect(decideWith(staged(), { ...asking(1_000_000), exposureMinor: 5_600_000 })).toMatchObject({
      outcome: 'DECLINE'
    })
  })
})

test.each([
  ['in stages', staged],
  ['without stages', (changes: Partial<Policy>): Policy => ({ ...POLICY, ...changes })]
])('an approval %s says why the asked term is not offered in full where a longer one is', (_, policyOf) => {
  const products = POLICY.products.map((product) => ({ ...product, offerGrid: { terms: [90] } }))
  const facts = { monthlyIncomeMinor: 1_500_000 }
  const plain = applying(1)
  const application = { ...plain.application, facts: { ...plain.application.facts, ...facts } }
  const decide = compilePolicy(policyOf({ products }), MODEL, NAMES)
  const verdict = decide({ ...plain, application, assessment: scored(0.05) })
  expect(verdict.outcome).toBe('APPROVE')
  expect(verdict.offers.map(({ amountMinor, term }) => [amountMinor, term.count])).toEqual([
    [700_000, 30],
    [1_000_000, 90]
  ])
  expect(codesOf(verdict)).toEqual(['R301'])
})

test('nobody is of age before the whole year in which the birthday may still come is over', () => {
  const ofYear = (birthYear: number, at: string) =>
    decideWith(staged(), { facts: { birthYear }, nowMs: Date.parse(at) }).outcome
  expect(ofYear(2008, '2026-12-31T23:59:59.999Z')).toBe('DECLINE')
  expect(ofYear(2008, '2027-01-01T00:00:00Z')).toBe('APPROVE')
})
