import type { DecisionRecord, ReadDecision } from '../decisions/record.ts'
import { REASONS, type ReasonCode } from '../domain/reasons.ts'
import { createVectorPicker } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { DecideInput, ReasonGroups } from '../policy/engine.ts'
import { type Attributed, attribute, PD_TOLERANCE, treePd } from './margin.ts'

/** An input of what scored, with its value as scored. */
export interface ScoredInput {
  readonly name: string
  readonly group: ReasonCode
  readonly value: number
  /** What the reference applicant has; null is missing, undefined where it is not told. */
  readonly reference: number | null | undefined
}

/** What gave the score of a decision: the model, or its scorecard in the model’s place. */
export interface Scoring {
  readonly by: 'model' | 'scorecard'
  readonly inputs: readonly ScoredInput[]
  readonly attributed: Attributed
  /** Whether the contributions were kept with the decision. */
  readonly isRecorded: boolean
  /** Whether the score comes out again, as near as can be computed here. */
  readonly isReproduced: boolean
  /** The policy’s groups of reasons for the scorecard, where it may decide. */
  readonly scorecardGroups: ReasonGroups | undefined
  /** What the policy is told of features; on the safe side, so that it promises nothing that the service might refuse. */
  readonly assess: (values: Float64Array) => Pick<DecideInput, 'vector' | 'assessment' | 'scorecard'>
}

/** Undefined where no score entered the decision, or only one of a scorecard that the model does not come with. */
export function findScoring(
  read: ReadDecision,
  model: VerifiedModel,
  featureNames: readonly string[]
): Scoring | undefined {
  const { decision, record } = read
  if (decision.score === null) return undefined
  const toVector = createVectorPicker(
    featureNames,
    model.manifest.inputs.map(({ name }) => name)
  )
  return record.pd === null
    ? scoringOfScorecard(read, model, toVector, featureNames)
    : scoringOfModel(read, record.pd, model, toVector)
}

type ToVector = ReturnType<typeof createVectorPicker>

function scoringOfModel(
  { decision, record }: ReadDecision,
  pd: number,
  model: VerifiedModel,
  toVector: ToVector
): Scoring {
  const { manifest, scorerData } = model
  const vector = toVector(record.features)
  const recorded = record.contributions?.length === manifest.inputs.length ? record.contributions : null
  // Its reasons are not told here, so that its contributions need not be known.
  const fraud =
    decision.trace.models.fraud === undefined ? undefined : { pd: record.fraudPd ?? Number.NaN, contributions: null }
  return {
    by: 'model',
    inputs: manifest.inputs.map(({ name, group, reference }, index) => {
      return { name, group, reference, value: vector[index] as number }
    }),
    attributed: attribute(model, vector, recorded),
    isRecorded: recorded !== null,
    isReproduced: Math.abs(treePd(scorerData.trees, vector) - pd) <= PD_TOLERANCE,
    scorecardGroups: undefined,
    assess: (values) => {
      const row = toVector(values)
      const worst = treePd(scorerData.trees, row) + PD_TOLERANCE
      return { vector: row, assessment: { kind: 'scored', pd: worst, contributions: null, fraud } }
    }
  }
}

function scoringOfScorecard(
  { decision, record }: ReadDecision,
  { manifest, scorecard }: VerifiedModel,
  toVector: ToVector,
  featureNames: readonly string[]
): Scoring | undefined {
  const code = decision.trace.degraded.find((each): each is ReasonCode => each in REASONS)
  if (!scorecard || code === undefined) return undefined
  const score = scorecard.compile(featureNames)
  const { pd, contributions } = score(record.features)
  const margin = Math.log(pd / (1 - pd))
  const references = new Map(manifest.inputs.map(({ name, reference }) => [name, reference]))
  return {
    by: 'scorecard',
    inputs: scorecard.definition.inputs.map(({ name, group }) => {
      return { name, group, reference: references.get(name), value: readFeature(record, featureNames, name) }
    }),
    attributed: {
      contributions,
      margin,
      referenceMargin: contributions.reduce((left, contribution) => left - contribution, margin)
    },
    isRecorded: false,
    isReproduced: pd === record.scorecardPd,
    scorecardGroups: scorecard.definition,
    assess: (values) => ({ vector: toVector(values), assessment: { kind: 'fault', code }, scorecard: score(values) })
  }
}

function readFeature({ features }: DecisionRecord, featureNames: readonly string[], name: string): number {
  return features[featureNames.indexOf(name)] ?? Number.NaN
}
