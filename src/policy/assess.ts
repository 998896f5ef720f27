import type { Score } from '../domain/decision.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import { isUsablePd, scorePoints } from '../domain/score-scale.ts'
import type { ModelScore } from '../inference/scorer.ts'
import type { Assessment, DecideInput, ModelFacts, ReasonGroups } from './engine.ts'
import type { Band } from './price-schema.ts'
import type { Finding } from './rules.ts'
import type { Policy } from './schema.ts'

/** A score with its band, or why none may decide. */
export type Assessed =
  | {
      readonly kind: 'usable'
      readonly score: Score
      readonly band: Band
      readonly scoreReasons: readonly ReasonCode[]
      readonly byScorecard: boolean
    }
  | { readonly kind: 'unusable'; readonly code: ReasonCode }

export function assess(
  { bands, scorecardFor, firstLoanBand }: Policy,
  model: ModelFacts,
  scorecardGroups: ReasonGroups | undefined,
  { application, vector, assessment, scorecard, historyTruncated }: DecideInput,
  earlierLoans: number
): Assessed {
  const { population, inputs, scoreScale } = model
  if (!population.products.includes(application.product) || !population.currencies.includes(application.currency)) {
    return { kind: 'unusable', code: 'R903' }
  }
  const isStandIn = assessment.kind === 'fault' && scorecardFor?.some((code) => code === assessment.code)
  const standIn = isStandIn && scorecardGroups !== undefined ? scorecard : null
  if (assessment.kind === 'fault' && !standIn) return { kind: 'unusable', code: assessment.code }
  if (historyTruncated) return { kind: 'unusable', code: 'SYS_HISTORY_TRUNCATED' }
  if (!inputs.every((input, index) => isInRange(vector[index] as number, input))) {
    return { kind: 'unusable', code: 'SYS_INPUT_OUT_OF_RANGE' }
  }
  const { pd, contributions } = standIn ?? (assessment as ModelScore)
  const best = earlierLoans > 0 ? 0 : bands.findIndex(({ band }) => band === firstLoanBand)
  const band = bands.find(({ pdBelow }, index) => pd < pdBelow && index >= best)
  if (!isUsablePd(pd) || band === undefined) return { kind: 'unusable', code: 'SYS_MODEL_OUTPUT_INVALID' }
  const score = { pd, points: Math.round(scorePoints(pd, scoreScale)), band: band.band }
  const groups = standIn ? (scorecardGroups as ReasonGroups) : model
  const codes = contributions === null ? [] : scoreReasons(groups, contributions)
  return { kind: 'usable', score, band, scoreReasons: codes, byScorecard: Boolean(standIn) }
}

function isInRange(value: number, { range, missing }: ModelFacts['inputs'][number]): boolean {
  if (Number.isNaN(value)) return missing === 'allowed'
  return value >= (range[0] as number) && value <= (range[1] as number)
}

/** Groups whose inputs together raised the margin above the reference applicant’s, the strongest first; ties by code. */
export function scoreReasons({ inputs }: ReasonGroups, contributions: Float64Array): ReasonCode[] {
  const byGroup = new Map<ReasonCode, number>()
  inputs.forEach(({ group }, index) => {
    byGroup.set(group, (byGroup.get(group) ?? 0) + (contributions[index] as number))
  })
  return [...byGroup]
    .filter(([, sum]) => sum > 0)
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .map(([code]) => code)
}

/**
 * The fraud model sends to a person and no further; an unusable score of it does the same, as the fault it is. So a
 * scorecard that stands in for the model approves nobody whom the fraud model has not seen.
 */
export function findFraudSigns({ fraud }: Policy, groups: ReasonGroups, assessment: Assessment): Finding[] {
  if (fraud === undefined) return []
  if (assessment.kind === 'fault') return [{ outcome: 'REFER', code: assessment.code }]
  const { pd, contributions } = assessment.fraud ?? { pd: Number.NaN, contributions: null }
  if (!isUsablePd(pd)) return [{ outcome: 'REFER', code: 'SYS_MODEL_OUTPUT_INVALID' }]
  if (pd < fraud.referFromPd) return []
  const codes = contributions === null ? [] : scoreReasons(groups, contributions)
  return (codes.length === 0 ? (['R501'] as const) : codes).map((code) => ({ outcome: 'REFER', code }))
}
