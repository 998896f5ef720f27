import type { AnswerContext } from '../decisions/answer.ts'
import type { Serving } from '../decisions/serving.ts'
import { AssayError } from '../errors.ts'
import { createVectorPicker, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { createScorerPool, type ScorerPoolOptions } from '../inference/pool.ts'
import type { ExplainFrom } from '../inference/scorer.ts'
import { compilePolicy, explainFromPd } from '../policy/engine.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import { reviewPolicyOf } from '../policy/review-policy.ts'

export interface ServingDeps {
  readonly featureSet: FeatureSet
  readonly loaded: LoadedPolicy
  readonly quality: AnswerContext['quality']
  readonly pool: Pick<
    ScorerPoolOptions,
    'threads' | 'maxBatchRows' | 'maxQueuedRows' | 'onBatch' | 'onFault' | 'worker'
  >
}

export interface OpenServing extends Serving {
  readonly model: VerifiedModel
  /**
   * The same model and threads under another policy.
   *
   * @throws AssayError policy_invalid when the policy asks a fraud model that does not serve
   */
  readonly under: (loaded: LoadedPolicy) => Serving
  readonly close: () => Promise<void>
}

/**
 * One credit model with threads of its own, the fraud model in the same threads unless somebody else scores with it, and
 * the policy compiled for both.
 *
 * @throws AssayError model_invalid when a thread does not show its golden scores, or an input is no feature
 * @throws AssayError policy_invalid when the policy asks a fraud model that does not serve
 */
export async function openServing(
  model: VerifiedModel,
  fraud: VerifiedModel | undefined,
  scoresFraud: boolean,
  { featureSet, loaded, quality, pool }: ServingDeps
): Promise<OpenServing> {
  const compile = ({ policy, id, rules }: LoadedPolicy) => {
    if (policy.fraud !== undefined && fraud === undefined)
      throw new AssayError('policy_invalid', `${id}: /fraud: no fraud model serves (models/active.json)`)
    const groups = { fraud: fraud?.manifest, scorecard: model.scorecard?.definition, rules }
    return compilePolicy(policy, model.manifest, featureSet.names, groups)
  }
  // All that can be refused comes before the threads, which nobody would end.
  compile(loaded)
  const inThreads = scoresFraud ? fraud : undefined
  const inputs = [model, ...(inThreads ? [inThreads] : [])].flatMap(({ manifest }) =>
    manifest.inputs.map(({ name }) => name)
  )
  const toVector = pickerOf(model, featureSet, inputs)
  const scorecard = model.scorecard === null ? null : model.scorecard.compile(featureSet.names)
  const usual = explainFromOf(loaded)
  const scorer = await createScorerPool({
    ...pool,
    model,
    fraud: inThreads && { model: inThreads, explainFromPd: usual.fraudPd },
    explainFromPd: usual.pd
  })
  const under = (other: LoadedPolicy): Serving => {
    const explainFrom = explainFromOf(other)
    return {
      toVector,
      scorer: { score: (row, deadlineAtMs, from = explainFrom) => scorer.score(row, deadlineAtMs, from) },
      scorecard,
      decideByPolicy: compile(other),
      answerContext: {
        policyId: other.id,
        modelIds: { credit: model.id, ...(fraud && { fraud: fraud.id }) },
        featureSetId: featureSet.id,
        offerValidDays: other.policy.offerValidDays,
        reviewSlaMinutes: reviewPolicyOf(other.policy).slaMinutes,
        quality
      }
    }
  }
  return { ...under(loaded), model, under, close: scorer.close }
}

function explainFromOf({ policy }: LoadedPolicy): ExplainFrom {
  return { pd: explainFromPd(policy), fraudPd: policy.fraud?.referFromPd ?? Number.POSITIVE_INFINITY }
}

function pickerOf({ id, manifest }: VerifiedModel, { names }: FeatureSet, inputs: readonly string[]) {
  try {
    return createVectorPicker(names, inputs)
  } catch (cause) {
    throw new AssayError('model_invalid', `${manifest.name} ${id}: ${(cause as Error).message}`, { cause })
  }
}
