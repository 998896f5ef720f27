import { describe, expect, test } from 'vitest'
import { packDoubles, unpackDoubles } from '../../src/decisions/answer.ts'
import type { StoredDecision } from '../../src/decisions/store.ts'
import type { Application } from '../../src/domain/application.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { createExplainService, type ExplainDeps } from '../../src/explanation/explain.ts'
import { createModelLibrary } from '../../src/explanation/model-library.ts'
import { type Explanation, ExplanationSchema } from '../../src/explanation/schema.ts'
import type { VerifiedModel } from '../../src/inference/model.ts'
import {
  applicationOf,
  borrower,
  createDecideCase,
  FEATURES,
  featuresOf,
  MODEL,
  MODELS,
  POLICY,
  type TestScorecard
} from './decided.ts'

const check = compileCheck(ExplanationSchema)
const library = createModelLibrary({ folder: MODELS })

async function explain(stored: StoredDecision, deps: Partial<ExplainDeps> = {}): Promise<Explanation> {
  const service = createExplainService({
    store: { read: async () => stored },
    featureSet: FEATURES,
    models: library,
    policy: POLICY,
    monotonicMs: () => performance.now(),
    rest: () => new Promise(setImmediate),
    ...deps
  })
  const explanation = (await service('alpha', 'any')) as Explanation
  expect(check(explanation)).toMatchObject({ ok: true })
  return explanation
}

/** The stored decision with something in it replaced. */
function altered(stored: StoredDecision, change: (parts: { answer: Json; record: Json }) => void): StoredDecision {
  const parts = { answer: JSON.parse(stored.answer) as Json, record: JSON.parse(stored.record) as Json }
  change(parts)
  return { answer: JSON.stringify(parts.answer), record: JSON.stringify(parts.record) }
}
// biome-ignore lint/suspicious/noExplicitAny: a stored decision is altered freely
type Json = Record<string, any>

/** Late before, and asks for more and for longer than before: only just referred. */
const ASKED = applicationOf({ amountMinor: 2_000_000, term: { count: 90, unit: 'day' } })
const LATE = borrower(3)

describe('the attribution of an explanation', () => {
  test('adds up to the margin, by feature and by group, and says what the reference applicant has', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, LATE))
    expect(decided.answered.outcome).toBe('REFER')
    const { attribution, score } = await explain(decided)
    expect(attribution).toMatchObject({ model: MODEL.id, source: 'recorded' })
    const { margin, referenceMargin, features, groups } = attribution as NonNullable<typeof attribution>
    for (const parts of [features, groups]) {
      const sum = parts.reduce((total, { contribution }) => total + contribution, referenceMargin)
      expect(Math.abs(sum - margin)).toBeLessThan(1e-6)
    }
    expect(1 / (1 + Math.exp(-margin))).toBeCloseTo(score?.pd as number, 6)
    expect(features.map(({ name }) => name).toSorted()).toEqual(
      MODEL.manifest.inputs.map(({ name }) => name).toSorted()
    )
    for (const { name, value, reference } of features) {
      const at = MODEL.manifest.inputs.findIndex((input) => input.name === name)
      const scored = decided.vector[at] as number
      expect([value, reference]).toEqual([Number.isNaN(scored) ? null : scored, MODEL.manifest.inputs[at]?.reference])
    }
    expect(groups[0]).toMatchObject({ code: 'R101', text: { en: 'Earlier repayments were late' } })
    expect(groups[0]?.text.zh).not.toBe('')
  })

  test('has the bits of the record, and the same bits where the record has none', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, LATE))
    const recorded = unpackDoubles(JSON.parse(decided.record).contributions)
    const byName = new Map(MODEL.manifest.inputs.map(({ name }, index) => [name, recorded[index]]))
    const bare = altered(decided, ({ record }) => {
      record.contributions = null
    })
    for (const [stored, source] of [[decided, 'recorded'] as const, [bare, 'computed'] as const]) {
      const { attribution } = await explain(stored)
      expect(attribution?.source).toBe(source)
      for (const { name, contribution } of attribution?.features ?? [])
        expect(Object.is(contribution, byName.get(name)), name).toBe(true)
    }
  })

  test('shows what was recorded, not what would be computed now', async () => {
    const decide = await createDecideCase()
    const decided = altered(await decide(ASKED, featuresOf(ASKED, LATE)), ({ record }) => {
      record.contributions = packDoubles(Float64Array.from(MODEL.manifest.inputs, (_, index) => index))
    })
    const { attribution } = await explain(decided)
    const shown = attribution?.features.map(({ contribution }) => contribution)
    expect(shown).toEqual(MODEL.manifest.inputs.map((_, index) => index).reverse())
  })

  test('is computed for a plain approval, which keeps none', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, borrower(-5)))
    expect([decided.answered.outcome, JSON.parse(decided.record).contributions]).toEqual(['APPROVE', null])
    const { attribution, changes } = await explain(decided)
    expect(attribution?.source).toBe('computed')
    expect(changes).toEqual({ status: 'notNeeded', cause: null, exact: true, items: [] })
  })

  test('is not made up where no score entered the decision', async () => {
    const decide = await createDecideCase()
    const fault = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' } as const
    const decided = await decide(ASKED, featuresOf(ASKED, LATE), fault)
    const explanation = await explain(decided, { models: { find: async () => undefined } })
    expect(explanation).toMatchObject({ score: null, attribution: null })
    expect(explanation.changes).toMatchObject({ status: 'none', cause: 'otherCause', items: [] })
  })
})

describe('what would have changed the outcome', () => {
  test('is approved in full when it is decided, and a step more is not', async () => {
    const decide = await createDecideCase()
    const redecide = (changed: Partial<Application>, late: number) => {
      const application = { ...ASKED, ...changed }
      return decide(application, featuresOf(application, borrower(late)))
    }
    for (const late of [3, 4, 5]) {
      const { changes } = await explain(await redecide({}, late))
      expect(changes.status).toBe('found')
      for (const { change, amountMinor, term } of changes.items) {
        const { answered } = await redecide({ amountMinor, term }, late)
        expect([answered.outcome, answered.verdict.offers[0]?.amountMinor]).toEqual(['APPROVE', amountMinor])
        if (change !== 'amount') continue
        const more = await redecide({ amountMinor: amountMinor + 50_000, term }, late)
        expect([more.answered.outcome, more.answered.verdict.offers[0]?.amountMinor]).not.toEqual([
          'APPROVE',
          amountMinor + 50_000
        ])
      }
    }
    const { changes } = await explain(await redecide({}, 3))
    expect(changes.items).toEqual([
      { change: 'amount', amountMinor: 1_550_000, currency: 'NGN', term: ASKED.term },
      { change: 'term', amountMinor: 2_000_000, currency: 'NGN', term: { count: 30, unit: 'day' } },
      { change: 'term', amountMinor: 2_000_000, currency: 'NGN', term: { count: 7, unit: 'day' } }
    ])
  })

  test('is told as none where nothing that can be chosen helps', async () => {
    const decide = await createDecideCase()
    const { changes } = await explain(await decide(ASKED, featuresOf(ASKED, borrower(40))))
    expect(changes).toMatchObject({ status: 'none', cause: null, items: [] })
  })

  test('is omitted, with the cause, where another policy decides now, and the contributions are still told', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, LATE))
    const { changes, attribution } = await explain(decided, { policy: { ...POLICY, id: 'other@sha256:0' } })
    expect(changes).toMatchObject({ status: 'omitted', cause: 'policyNotHere', items: [] })
    expect(attribution).not.toBeNull()
  })

  test('is omitted where the record does not lead to the decision', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, LATE))
    const shifted = altered(decided, ({ record }) => {
      record.pd += 1e-5
    })
    expect((await explain(shifted)).changes).toMatchObject({ status: 'omitted', cause: 'notReproduced' })
    const turned = altered(decided, ({ answer }) => {
      answer.decision = 'DECLINE'
    })
    expect((await explain(turned)).changes).toMatchObject({ status: 'omitted', cause: 'notReproduced' })
  })

  test.each([
    ['purpose', { purpose: 'securities' }],
    ['age', { facts: { birthYear: 2015 } }],
    ['consent', { consents: [] }]
  ] as const)('is none where the %s stands against it: amount and term are not the cause', async (_of, changed) => {
    const decide = await createDecideCase()
    const application = applicationOf(changed as Partial<Application>)
    const { changes } = await explain(await decide(application, featuresOf(application, LATE)))
    expect(changes).toMatchObject({ status: 'none', cause: 'otherCause', items: [] })
  })
})

describe('a decision of the scorecard in the place of the model', () => {
  const policy = {
    ...POLICY,
    policy: { ...POLICY.policy, scorecardFor: ['SYS_INFERENCE_TIMEOUT' as const] }
  }
  /** Each month that is asked for adds to the margin, and each earlier loan takes from it. */
  const scorecard: TestScorecard = {
    definition: {
      inputs: [
        { name: 'application.term_days', group: 'R132' },
        { name: 'applicant.loans_lifetime', group: 'R130' }
      ]
    },
    compile: (names) => (values) => {
      const at = (name: string) => values[names.indexOf(name)] as number
      const contributions = Float64Array.of(
        (at('application.term_days') - 30) / 60,
        (6 - at('applicant.loans_lifetime')) / 4
      )
      const margin = contributions.reduce((sum, contribution) => sum + contribution, -1.8)
      return { pd: 1 / (1 + Math.exp(-margin)), contributions }
    }
  }
  const models = { find: async () => ({ ...MODEL, scorecard }) as VerifiedModel }
  const fault = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' } as const

  test('is explained by what the scorecard says, and its changes are those that the scorecard passes', async () => {
    const decide = await createDecideCase({ policy, scorecard })
    const decided = await decide(ASKED, featuresOf(ASKED, LATE), fault)
    expect(JSON.parse(decided.answer).trace.degraded).toEqual(['SYS_INFERENCE_TIMEOUT', 'SCORECARD'])
    const { attribution, changes, notices, score } = await explain(decided, { models, policy })
    const { margin, referenceMargin, groups } = attribution as NonNullable<typeof attribution>
    expect(attribution).toMatchObject({ by: 'scorecard', source: 'computed' })
    expect(groups).toMatchObject([
      { code: 'R132', contribution: 1 },
      { code: 'R130', contribution: 0.5 }
    ])
    expect(referenceMargin).toBeCloseTo(-1.8, 9)
    expect(1 / (1 + Math.exp(-margin))).toBeCloseTo(score?.pd as number, 9)
    expect(notices).toMatchObject([{ of: 'scorecard', text: expect.stringContaining('decided') }])
    expect(changes).toMatchObject({ status: 'found', items: [{ change: 'term', amountMinor: 2_000_000 }, {}] })
    for (const { term } of changes.items) {
      const again = { ...ASKED, term }
      expect((await decide(again, featuresOf(again, LATE), fault)).answered.outcome).toBe('APPROVE')
    }
  })

  test('is explained by nothing where the model comes with no scorecard', async () => {
    const decide = await createDecideCase({ policy, scorecard })
    const decided = await decide(ASKED, featuresOf(ASKED, LATE), fault)
    const without = { find: async () => ({ ...MODEL, scorecard: null }) as VerifiedModel }
    const { attribution, changes } = await explain(decided, { models: without, policy })
    expect([attribution, changes.cause]).toEqual([null, 'noUsableScore'])
  })
})

describe('an explanation', () => {
  test('says of signs of fraud no more than the decision does', async () => {
    const decide = await createDecideCase()
    const features = featuresOf(ASKED, { ...LATE, 'device.applicants_30d': 9, 'device.applicants_7d': 9 })
    const decided = await decide(ASKED, features)
    const explanation = await explain(decided)
    expect(explanation.reasons).toEqual(JSON.parse(decided.answer).reasons)
    expect(explanation.changes).toMatchObject({ status: 'none', cause: 'otherCause' })
    expect(JSON.stringify(explanation)).not.toContain('device.')
  })

  test('carries the notice of every model that looked at the application, and neither score of fraud nor its inputs', async () => {
    const decide = await createDecideCase()
    const decided = altered(await decide(ASKED, featuresOf(ASKED, LATE)), ({ answer, record }) => {
      answer.trace.models.fraud = '1.0.0@sha256:0123456789ab'
      record.scorecardPd = 0.2718
      record.fraudPd = 0.0314
    })
    const explanation = await explain(decided)
    expect(explanation.notices).toEqual([
      { of: 'scorecard', text: expect.stringContaining('scorecard') },
      { of: 'fraud', text: 'trained on simulated data' }
    ])
    expect(JSON.stringify(explanation)).not.toContain('0.0314')
  })

  test('is refused, with what is missing, where the model or the feature set is no longer here', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, LATE))
    const gone = explain(decided, { models: { find: async () => undefined } })
    await expect(gone).rejects.toMatchObject({
      code: 'explanation_unavailable',
      message: expect.stringContaining(MODEL.id),
      problems: [{ field: '/trace/models/credit', problem: 'is no longer here' }]
    })
    const other = explain(decided, { featureSet: { ...FEATURES, id: 'fs-other' } })
    await expect(other).rejects.toMatchObject({
      code: 'explanation_unavailable',
      problems: [{ field: '/trace/featureSet' }]
    })
  })

  test('is a fault of ours where the record cannot be read, told by field and without a value', async () => {
    const failure = explain({ answer: '{}', record: 'CANARY' })
    await expect(failure).rejects.toMatchObject({ code: 'internal_error', cause: expect.any(Error) })
    const { message, cause } = (await failure.catch((error) => error)) as Error
    expect(`${message} ${cause}`).not.toContain('CANARY')
  })

  test('is refused for now where too many wait', async () => {
    const decide = await createDecideCase()
    const decided = await decide(ASKED, featuresOf(ASKED, borrower(40)))
    const service = createExplainService({
      store: { read: async () => decided },
      featureSet: FEATURES,
      models: library,
      policy: POLICY,
      monotonicMs: () => performance.now(),
      rest: () => new Promise(setImmediate)
    })
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => service('alpha', 'any')))
    const refused = all.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused).toHaveLength(30 - 17)
    expect(refused[0]?.reason).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 })
  })
})
