import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { type Assessment, compilePolicy, type Verdict } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { Policy } from '../../src/policy/schema.ts'

const BASELINE = new URL('../../policies/baseline.json', import.meta.url)
const text = JSON.parse(await readFile(BASELINE, 'utf8')) as { velocity: { feature: string }[] }
const NAMES = ['applicant.loans_lifetime', ...text.velocity.map(({ feature }) => feature)]
const { policy: baseline } = await loadPolicy(BASELINE, NAMES)
const { fraud: _fraud, ...withoutFraud } = baseline
const MODEL = {
  scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
  population: { products: ['cash'], currencies: ['NGN'] },
  inputs: []
}
const GROUPS = {
  fraud: { inputs: [{ group: 'R502' }, { group: 'R503' }] },
  scorecard: { inputs: [{ group: 'R101' }, { group: 'R130' }] }
} as const

function verdictOf(policy: Policy, assessment: Assessment, scorecardPd = 0.05): Verdict {
  const application = {
    product: 'cash',
    currency: 'NGN',
    amountMinor: 1_000_000,
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    consents: ['automated_decision'],
    facts: { birthYear: 1990 }
  } as unknown as Application
  const decide = compilePolicy(policy, MODEL, NAMES, GROUPS)
  return decide({
    application,
    values: new Float64Array(NAMES.length),
    vector: new Float32Array(0),
    assessment,
    scorecard: { pd: scorecardPd, contributions: Float64Array.of(0.1, 0.4) },
    historyTruncated: false,
    decisionId: 'd',
    nowMs: Date.UTC(2026, 10, 25)
  })
}

const OVERLOAD: Assessment = { kind: 'fault', code: 'SYS_OVERLOAD' }
const STANDS_IN: Policy = { ...withoutFraud, scorecardFor: ['SYS_OVERLOAD'] }
const suspected = (pd: number, contributions: Float64Array | null): Assessment => {
  return { kind: 'scored', pd: 0.05, contributions: null, fraud: { pd, contributions } }
}

test('a fault goes to a person, whatever the scorecard says, unless the policy names it', () => {
  expect(verdictOf(withoutFraud, OVERLOAD)).toMatchObject({ outcome: 'REFER', score: null })
  expect(verdictOf(STANDS_IN, { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' })).toMatchObject({ outcome: 'REFER' })
})

test('the scorecard decides where the policy names the fault, with reasons of its own', () => {
  expect(verdictOf(STANDS_IN, OVERLOAD)).toMatchObject({ outcome: 'APPROVE', byScorecard: true, score: { pd: 0.05 } })
  const declined = verdictOf(STANDS_IN, OVERLOAD, 0.8)
  expect(declined).toMatchObject({ outcome: 'DECLINE', byScorecard: true })
  expect(declined.reasons.map(({ code }) => code)).toEqual(['R130', 'R101'])
  expect(verdictOf(STANDS_IN, OVERLOAD, Number.NaN)).toMatchObject({ outcome: 'REFER', byScorecard: false })
})

test('a scorecard that stands in approves nobody whom the fraud model has not seen', () => {
  expect(verdictOf({ ...STANDS_IN, fraud: { referFromPd: 0.5 } }, OVERLOAD)).toMatchObject({
    outcome: 'REFER',
    reasons: [{ code: 'SYS_OVERLOAD' }]
  })
})

test.each<[string, Assessment, string, string[]]>([
  ['below the line lets through', suspected(0.49, null), 'APPROVE', []],
  ['on the line refers for what raised it', suspected(0.5, Float64Array.of(-0.2, 0.3)), 'REFER', ['R503']],
  ['without contributions refers for the general reason', suspected(0.9, null), 'REFER', ['R501']],
  ['that is NaN refers as the fault it is', suspected(Number.NaN, null), 'REFER', ['SYS_MODEL_OUTPUT_INVALID']]
])('a fraud score %s', (_what, assessment, outcome, codes) => {
  const verdict = verdictOf(baseline, assessment)
  expect([verdict.outcome, verdict.reasons.map(({ code }) => code)]).toEqual([outcome, codes])
})
