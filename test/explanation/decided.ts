import { randomUUIDv7 } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { type Answer, composeAnswer } from '../../src/decisions/answer.ts'
import { decideWithin } from '../../src/decisions/exposure.ts'
import { leftOutBy, type Rung, referUnexplained } from '../../src/decisions/ladder.ts'
import type { Restraint } from '../../src/decisions/restraint.ts'
import type { StoredDecision } from '../../src/decisions/store.ts'
import type { Application } from '../../src/domain/application.ts'
import { withPartition } from '../../src/domain/ids.ts'
import type { ReasonCode } from '../../src/domain/reasons.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet, createRevaluer, createVectorPicker, type MeasuredValues } from '../../src/features/vector.ts'
import { loadModel, type VerifiedModel } from '../../src/inference/model.ts'
import { createScorerPool } from '../../src/inference/pool.ts'
import type { ScorecardScore } from '../../src/inference/scorecard.ts'
import { EXPLAIN_NONE } from '../../src/inference/scorer.ts'
import { type Assessment, compilePolicy, explainFromPd } from '../../src/policy/engine.ts'
import { type LoadedPolicy, loadPolicy } from '../../src/policy/load.ts'

export const MODELS = new URL('../../models/', import.meta.url)
export const MODEL = await loadModel(new URL('credit/1.0.0/', MODELS))
export const FEATURES = createFeatureSet(CATALOGUE)
export const POLICY = await loadPolicy(new URL('../../policies/baseline-1.json', import.meta.url), FEATURES.names)
export const NOW_MS = Date.UTC(2026, 10, 25)

const revalue = createRevaluer(CATALOGUE)

export function applicationOf(changes: Partial<Application> = {}): Application {
  return {
    tenant: 'alpha',
    applicationId: 'app-1',
    product: 'cash',
    amountMinor: 2_000_000,
    currency: 'NGN',
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    facts: { birthYear: 1990, employment: 'permanent', monthlyIncomeMinor: 20_000_000 },
    refs: { applicant: 'a'.repeat(32) },
    consents: ['automated_decision'],
    ...changes
  }
}

/** Features of an application without any event, some of them set by name, the ratios of them computed. */
export function featuresOf(application: Application, set: Readonly<Record<string, number>> = {}): Float64Array {
  const { values } = FEATURES.compute(application, [null, null, null, null, null], NOW_MS)
  for (const [name, value] of Object.entries(set)) {
    const at = FEATURES.names.indexOf(name)
    if (at < 0) throw new Error(`no feature ${name}`)
    values[at] = value
  }
  return revalue(application, values, NOW_MS)
}

/** Somebody who has repaid before, late by some days. */
export function borrower(lateDays: number, set: Readonly<Record<string, number>> = {}): Record<string, number> {
  return {
    'applicant.loans_lifetime': 4,
    'applicant.repayment_lag_last_days': lateDays,
    'applicant.repayment_lag_mean_60d_days': lateDays,
    'applicant.repayment_lag_mean_90d_days': lateDays,
    'applicant.repayment_lag_max_180d_days': lateDays,
    'applicant.repayment_lag_max_days': lateDays,
    'applicant.close_lag_max_90d_days': lateDays,
    'applicant.close_lag_max_180d_days': lateDays,
    'applicant.close_lag_max_days': lateDays,
    'applicant.close_lag_min_days': lateDays,
    'applicant.principal_max': 1_000_000,
    'applicant.principal_mean': 1_000_000,
    'applicant.principal_last': 1_000_000,
    'applicant.term_mean_days': 30,
    ...set
  }
}

export interface DecidedCase extends StoredDecision {
  readonly decisionId: string
  readonly answered: Answer
  readonly features: Float64Array
  readonly vector: Float32Array
}

export type DecideCase = (
  application: Application,
  features: Float64Array,
  assessment?: Assessment,
  measured?: Partial<MeasuredValues>,
  rung?: Rung
) => Promise<DecidedCase>

export interface TestScorecard {
  readonly definition: { readonly inputs: readonly { readonly name: string; readonly group: ReasonCode }[] }
  readonly compile: (featureNames: readonly string[]) => (values: Float64Array) => ScorecardScore
}

export interface DecideCaseOptions {
  readonly model?: VerifiedModel
  readonly policy?: LoadedPolicy
  readonly scorecard?: TestScorecard
  readonly restraint?: Restraint
}

/** Decides as the service does: the real network in its thread, the policy, the bytes that are stored. */
export async function createDecideCase({
  model = MODEL,
  policy = POLICY,
  scorecard: standIn,
  restraint
}: DecideCaseOptions = {}): Promise<DecideCase> {
  const pool = await createScorerPool({
    model,
    threads: 1,
    maxBatchRows: 8,
    maxQueuedRows: 64,
    explainFromPd: explainFromPd(policy.policy),
    onBatch: () => {},
    onFault: () => {}
  })
  onTestFinished(() => pool.close())
  const inputs = model.manifest.inputs.map(({ name }) => name)
  const toVector = createVectorPicker(FEATURES.names, inputs)
  const decideByPolicy = compilePolicy(policy.policy, model.manifest, FEATURES.names, {
    scorecard: standIn?.definition,
    rules: policy.rules
  })
  const context = {
    policyId: policy.id,
    modelIds: { credit: model.id },
    featureSetId: FEATURES.id,
    offerValidDays: policy.policy.offerValidDays,
    reviewSlaMinutes: 1440,
    quality: createQuality(CATALOGUE)
  }
  return async (application, values, given, measured = {}, rung = 'full') => {
    const vector = toVector(values)
    const assessment =
      given ?? (await pool.score(vector, performance.now() + 5000, rung === 'noReasons' ? EXPLAIN_NONE : undefined))
    const decisionId = withPartition(randomUUIDv7(), 3)
    const scorecard = standIn?.compile(FEATURES.names)(values) ?? null
    const known = { application, assessment, scorecard, decisionId, nowMs: NOW_MS }
    const historyTruncated = measured.truncated?.includes('applicant') ?? false
    const exposure = { owedMinor: 0, restraint }
    const byPolicy = decideWithin(decideByPolicy, { ...known, values, vector, historyTruncated }, exposure)
    const leftOut = leftOutBy(rung, byPolicy, assessment, true)
    const verdict = referUnexplained(byPolicy, leftOut)
    const count = values.length
    const features = {
      values,
      newestAgeMs: new Float64Array(count).fill(Number.NaN),
      exact: new Uint8Array(count).fill(1),
      truncated: [],
      ...measured
    }
    const input = {
      ...known,
      applicationJson: JSON.stringify(application),
      verdict,
      features,
      exposure,
      leftOut
    }
    const answered = composeAnswer(context, input)
    const [answer = '', record = ''] = answered.value.toString().split('\n')
    return { decisionId, answered, answer, record, features: values, vector }
  }
}
