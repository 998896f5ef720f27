import { hash } from 'node:crypto'
import { composeAnswer } from '../decisions/answer.ts'
import { decideWithin } from '../decisions/exposure.ts'
import { LEFT_OUT_REASONS, leftOutOf, referUnexplained } from '../decisions/ladder.ts'
import { type DecisionRecord, type ReadDecision, RecordSchema, readStoredDecision } from '../decisions/record.ts'
import { REASONS, type ReasonCode } from '../domain/reasons.ts'
import { attribute } from '../explanation/margin.ts'
import type { FeatureDefinition } from '../features/definition.ts'
import type { Quality } from '../features/quality.ts'
import { createRevaluer, type FeatureSet, type MeasuredValues } from '../features/vector.ts'
import type { ScorecardScore } from '../inference/scorecard.ts'
import type { Assessment } from '../policy/engine.ts'
import type { OpenServing } from '../serving/serving.ts'
import { firstDifference } from './replay-decision-difference.ts'
import type { Servings } from './replay-decision-servings.ts'
import type { KeptDecision } from './replay-decision-source.ts'

export const BLAMED = ['data', 'model', 'policy', 'code'] as const
export type Blamed = (typeof BLAMED)[number]

/** Whether a decision comes out the same again, to the bit, or what is not as it was when it was made. */
export type ReplayVerdict =
  | { readonly verdict: 'same' }
  /** A person decided: the bytes are those of the ledger, and there is nothing to compute. */
  | { readonly verdict: 'person' }
  | {
      readonly verdict: Blamed
      /** JSON pointer of the first difference, into the answer, the record or the ledger entry. */
      readonly at: string
      /** Without a value of the decision. */
      readonly why: string
    }

export interface ReplayDeps {
  readonly servings: Servings
  readonly featureSet: FeatureSet
  readonly quality: Quality
  readonly monotonicMs: () => number
}

/** A replay has time; a thread that needs longer than this hangs. */
const SCORE_DEADLINE_MS = 60_000
const MARGIN_TOLERANCE = 1e-6
const TRUNCATED = 'HISTORY_TRUNCATED:'

/**
 * Makes a kept decision again from its record: the same model and policy, the same code as the service. Blame goes in the
 * order in which one rests on the other: data, then model, then policy; code when all three are what they were.
 */
export function createReplayer(deps: ReplayDeps): (kept: KeptDecision) => Promise<ReplayVerdict> {
  const { servings, featureSet } = deps
  const revalue = createRevaluer(featureSet.definitions)

  return async (kept) => {
    const stored = toLines(kept.value)
    const read = readKept(kept, stored, deps)
    if ('verdict' in read) return read
    const { decision, record } = read
    if (decision.decidedBy === 'HUMAN') return { verdict: 'person' }
    const { credit = '', fraud } = decision.trace.models
    const found = await servings.find({ credit, fraud, policy: decision.trace.policy })
    if (found.kind === 'missing') return { verdict: found.blame, at: found.at, why: found.why }
    const { serving } = found

    const scored = await assessAgain(deps, serving, read)
    const changed = differsFromModel(serving, record, scored)
    if (changed !== undefined) return changed
    const moved = scored.isReadable ? findMovedFeature(revalue, featureSet.definitions, record) : undefined
    if (moved !== undefined) return blame('code', `/record/features/${moved}`, 'the feature is computed otherwise now')
    return compareAnswer(serving, read, stored, scored)
  }
}

type Faulty = Exclude<ReplayVerdict, { verdict: 'same' | 'person' }>

function blame(verdict: Blamed, at: string, why: string): Faulty {
  return { verdict, at, why }
}

type Lines = ReturnType<typeof toLines>

function toLines(value: Buffer) {
  const text = value.toString('utf8')
  const end = text.indexOf('\n')
  return end < 0 ? { answer: text, record: '' } : { answer: text.slice(0, end), record: text.slice(end + 1) }
}

function readKept(
  { tenant, decisionId, value, digest }: KeptDecision,
  stored: Lines,
  deps: ReplayDeps
): ReadMeasured | Faulty {
  const { featureSet } = deps
  if (digest === undefined) return blame('data', '/ledger', 'the ledger does not know the decision')
  if (digest !== hash('sha256', value, 'hex'))
    return blame('data', '/ledger/h', 'the bytes are not those of the ledger')
  const read = readStoredDecision(stored)
  if (!read.ok) {
    const [{ field, problem } = { field: '', problem: 'cannot be read' }] = read.problems
    return blame('data', field, problem)
  }
  const { decision, record } = read.value
  if (decision.decisionId !== decisionId) return blame('data', '/answer/decisionId', 'it lies under another id')
  if (record.application.tenant !== tenant)
    return blame('data', '/record/application/tenant', 'it lies under another partner')
  if (decision.trace.featureSet !== featureSet.id)
    return blame('data', '/answer/trace/featureSet', 'the feature set is not that of this release')
  if (record.features.length !== featureSet.names.length)
    return blame('data', '/record/features', 'they are not as many as the feature set has')
  try {
    return { ...read.value, features: measureAgain(record, decision.trace.degraded, deps) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return blame('data', '/record/quality/ages', 'they are not as many as the feature set has')
  }
}

type ReadMeasured = ReadDecision & { readonly features: MeasuredValues }

interface ScoredAgain {
  readonly isReadable: boolean
  readonly vector: Float32Array
  readonly assessment: Assessment
  readonly scorecard: ScorecardScore | null
}

/** What the model says again; where it said nothing, because of a fault, the fault that the trace names. */
async function assessAgain(
  { monotonicMs }: ReplayDeps,
  serving: OpenServing,
  { decision, record }: ReadDecision
): Promise<ScoredAgain> {
  const vector = serving.toVector(record.features)
  const fault = decision.trace.degraded.find((code): code is ReasonCode => code in REASONS)
  const isReadable = fault !== 'SYS_FEATURES_UNREADABLE'
  const scorecard = isReadable && serving.scorecard !== null ? serving.scorecard(record.features) : null
  if (fault !== undefined) return { isReadable, vector, scorecard, assessment: { kind: 'fault', code: fault } }
  const assessment = await serving.scorer.score(vector, monotonicMs() + SCORE_DEADLINE_MS)
  if (assessment.kind === 'fault') throw new Error(`the model did not answer: ${assessment.code}`)
  // Which rows are explained is a matter of what reasons need, not of what the model says.
  const contributions = record.contributions === null ? null : assessment.contributions
  const isUnexplained = decision.trace.degraded.includes(LEFT_OUT_REASONS)
  const fraud = assessment.fraud && isUnexplained ? { ...assessment.fraud, contributions: null } : assessment.fraud
  return { isReadable, vector, scorecard, assessment: { ...assessment, contributions, fraud } }
}

function differsFromModel(
  { model }: OpenServing,
  record: DecisionRecord,
  { vector, assessment, scorecard }: ScoredAgain
): ReplayVerdict | undefined {
  const scored = assessment.kind === 'scored' ? assessment : undefined
  const said: [name: string, recorded: number | null | undefined, again: number | undefined][] = [
    ['pd', record.pd, scored?.pd],
    ['fraudPd', record.fraudPd, scored?.fraud?.pd],
    ['scorecardPd', record.scorecardPd, scorecard?.pd]
  ]
  // JSON has neither NaN nor infinities: they are null in a record.
  const isSame = (recorded: number | null, again = Number.NaN) =>
    Number.isFinite(again) ? Object.is(recorded, again) : recorded === null
  const wrong = said.find(([, recorded, again]) => recorded !== undefined && !isSame(recorded, again))
  if (wrong !== undefined) return blame('model', `/record/${wrong[0]}`, 'the same input gives another score')
  const again = scored?.contributions ?? null
  const at = firstDifference(toNumbers(record.contributions), toNumbers(again))
  if (at === undefined) return undefined
  // Trees and reference are not in the model’s id. Contributions of the right ones add up to the margin.
  const { margin, referenceMargin } = attribute(model, vector.subarray(0, model.scorerData.inputCount), again)
  const sum = record.contributions?.reduce((total, contribution) => total + contribution, referenceMargin)
  const addsUp = sum !== undefined && Math.abs(sum - margin) <= MARGIN_TOLERANCE
  return blame(addsUp ? 'code' : 'model', `/record/contributions${at}`, 'the same score has other contributions')
}

function toNumbers(values: Float64Array | null): number[] | null {
  return values === null ? null : [...values]
}

function findMovedFeature(
  revalue: ReturnType<typeof createRevaluer>,
  definitions: readonly FeatureDefinition[],
  { application, features, asOf }: DecisionRecord
): number | undefined {
  const again = revalue(application, features, asOf)
  const at = definitions.findIndex((_, index) => !Object.is(again[index], features[index]))
  return at < 0 ? undefined : at
}

function compareAnswer(
  { decideByPolicy, answerContext }: OpenServing,
  { decision: { decisionId, trace, round, previousDecisionId }, record, features }: ReadMeasured,
  stored: Lines,
  { vector, assessment, scorecard }: ScoredAgain
): ReplayVerdict {
  const { application, applicationJson, asOf: nowMs, exposure, evidence } = record
  const { values, truncated } = features
  const known = { application, assessment, scorecard, evidence, decisionId, nowMs }
  const historyTruncated = truncated.includes('applicant')
  const leftOut = leftOutOf(trace.degraded)
  const byPolicy = decideWithin(decideByPolicy, { ...known, values, vector, historyTruncated }, exposure)
  const verdict = referUnexplained(byPolicy, leftOut)
  if (String(verdict.statutory?.packs ?? '') !== String(trace.rulePacks ?? ''))
    return blame('policy', '/answer/trace/rulePacks', 'the rule packs are not those it was decided under')
  const place = round && previousDecisionId ? { round, previousDecisionId } : undefined
  const input = { ...known, applicationJson, verdict, features, exposure, leftOut, place }
  const composed = composeAnswer(answerContext, input)
  const again = toLines(composed.value)
  if (again.answer !== stored.answer) {
    const at = firstDifference(JSON.parse(stored.answer), JSON.parse(again.answer))
    return blame('code', `/answer${at ?? ''}`, 'all that it rests on is the same, and the answer is another')
  }
  // Later releases add to the record: what one of both does not know is not compared.
  const at = firstDifference(knownOf(stored.record), JSON.parse(again.record), { ignoreAdded: true })
  return at === undefined ? { verdict: 'same' } : blame('code', `/record${at}`, 'the record would be another')
}

function knownOf(record: string): object {
  const members = Object.entries(JSON.parse(record) as object)
  return Object.fromEntries(members.filter(([name]) => name in RecordSchema.properties))
}

/** @throws RangeError when the ages are fewer than the feature set has */
function measureAgain(
  { features, quality: stored }: DecisionRecord,
  degraded: readonly string[],
  { quality, featureSet: { names } }: ReplayDeps
): MeasuredValues {
  const inexact = new Set(stored.inexact)
  return {
    values: features,
    newestAgeMs: quality.agesOf(stored).map((seconds) => seconds * 1000),
    exact: Uint8Array.from(names, (name) => (inexact.has(name) ? 0 : 1)),
    truncated: degraded.filter((each) => each.startsWith(TRUNCATED)).map((each) => each.slice(TRUNCATED.length))
  }
}
