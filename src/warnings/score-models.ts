import type { Application } from '../domain/application.ts'
import { isUsablePd } from '../domain/score-scale.ts'
import { createVectorPicker } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { Scorer } from '../inference/scorer.ts'
import { isScorable } from './model-score.ts'
import type { SignalsInput } from './signals.ts'

export interface ScoreModelsOptions {
  /** A row is the inputs of the early-warning model, then those of the credit model. */
  readonly scorer: Pick<Scorer, 'score'>
  readonly earlyWarning: Pick<VerifiedModel, 'manifest'>
  readonly credit: Pick<VerifiedModel, 'manifest'>
  readonly featureNames: readonly string[]
  readonly monotonicMs: () => number
  /** A row that waits longer gets no score. */
  readonly deadlineMs: number
}

/**
 * What the models say of a borrower, in one task of the pool for both. A model says nothing of whom it was not made for, and
 * nothing when it does not answer: then rules alone warn.
 */
export function createScoreModels({
  scorer,
  earlyWarning,
  credit,
  featureNames,
  monotonicMs,
  deadlineMs
}: ScoreModelsOptions) {
  const [ofEarly, ofCredit] = [earlyWarning, credit].map(({ manifest }) =>
    createVectorPicker(
      featureNames,
      manifest.inputs.map(({ name }) => name)
    )
  ) as [ReturnType<typeof createVectorPicker>, ReturnType<typeof createVectorPicker>]
  return async (application: Application, values: Float64Array): Promise<NonNullable<SignalsInput['pd']>> => {
    const [early, own] = [ofEarly(values), ofCredit(values)]
    const knows = {
      'early-warning': isScorable(earlyWarning.manifest, application, early),
      credit: isScorable(credit.manifest, application, own)
    }
    if (!knows['early-warning'] && !knows.credit) return {}
    const row = Float32Array.from([...early, ...own])
    const outcome = await scorer.score(row, monotonicMs() + deadlineMs)
    if (outcome.kind === 'fault') return {}
    const { pd, fraud } = outcome
    return {
      ...(knows['early-warning'] && isUsablePd(pd) && { 'early-warning': pd }),
      ...(knows.credit && fraud !== undefined && isUsablePd(fraud.pd) && { credit: fraud.pd })
    }
  }
}
