import { expect, test } from 'vitest'
import { type Assessment, compilePolicy, type Verdict } from '../../src/policy/engine.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { applying, MODEL, NAMES, POLICY } from './applying.ts'

const { fraud: _fraud, ...withoutFraud } = POLICY
const GROUPS = {
  fraud: { inputs: [{ group: 'R502' }, { group: 'R503' }] },
  scorecard: { inputs: [{ group: 'R101' }, { group: 'R130' }] }
} as const

function verdictOf(policy: Policy, assessment: Assessment, scorecardPd = 0.05): Verdict {
  const scorecard = { pd: scorecardPd, contributions: Float64Array.of(0.1, 0.4) }
  return compilePolicy(policy, MODEL, NAMES, GROUPS)({ ...applying(0), assessment, scorecard })
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
  const verdict = verdictOf(POLICY, assessment)
  expect([verdict.outcome, verdict.reasons.map(({ code }) => code)]).toEqual([outcome, codes])
})
