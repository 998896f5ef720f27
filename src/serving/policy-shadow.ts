import { decideWithin } from '../decisions/exposure.ts'
import type { Made, Serving } from '../decisions/serving.ts'
import type { Verdict } from '../policy/engine.ts'
import { BUSY_FROM, isSampled, type ShadowDrop } from './shadow.ts'

/** Decisions kept for the candidate at most; a row costs some tens of microseconds. */
const MAX_WAITING = 64
/** Another sample than that of a model in shadow. */
const SEED = 1

/** What a candidate policy would have decided, beside what was decided. */
export interface PolicyShadowResult {
  readonly made: Made
  /** version@sha256 of the candidate. */
  readonly policyId: string
  readonly verdict: Verdict
}

export interface PolicyShadowOptions {
  /** The models that serve, each under the candidate; the first is the champion. */
  readonly servings: readonly Serving[]
  readonly share: number
  readonly onResult: (result: PolicyShadowResult) => void
  readonly onDrop: (why: ShadowDrop) => void
}

/**
 * Decides again what was decided, by a candidate policy on the same features and the same score. One decision a turn of the
 * event loop and none while decisions wait: the first to be shed, and whatever it does, a decision does not notice.
 */
export function createPolicyShadow({ servings, share, onResult, onDrop }: PolicyShadowOptions) {
  const waiting: Made[] = []

  const decide = (made: Made): void => {
    const { values, assessment, modelId } = made
    const serving = servings.find(({ answerContext }) => answerContext.modelIds.credit === modelId) ?? servings[0]
    if (serving === undefined) throw new Error('a candidate decides with the models that serve')
    const vector = serving.toVector(values)
    const scorecard = assessment.kind === 'fault' && serving.scorecard !== null ? serving.scorecard(values) : null
    const verdict = decideWithin(serving.decideByPolicy, { ...made, vector, scorecard }, made.exposure)
    onResult({ made, policyId: serving.answerContext.policyId, verdict })
  }

  const next = (): void => {
    const made = waiting.shift()
    if (waiting.length > 0) setImmediate(next)
    try {
      if (made !== undefined) decide(made)
    } catch {
      onDrop('failed')
    }
  }

  return (made: Made, inFlight: number): void => {
    if (!isSampled(made.decisionId, share, SEED)) return
    if (inFlight > BUSY_FROM || waiting.length >= MAX_WAITING) {
      onDrop('busy')
      return
    }
    waiting.push(made)
    if (waiting.length === 1) setImmediate(next)
  }
}
