import { decideWithin } from '../decisions/exposure.ts'
import type { Made, Serving } from '../decisions/serving.ts'
import { hash32 } from '../domain/hash.ts'
import type { Assessment, Verdict } from '../policy/engine.ts'

/** Decisions in progress from which shadows are left out: they may never slow a decision down. */
export const BUSY_FROM = 32
const MAX_WAITING = 64
const DEADLINE_MS = 1000

export type ShadowDrop = 'busy' | 'failed'

/** What a shadow would have decided, beside what was decided. */
export interface ShadowResult {
  readonly made: Made
  readonly modelId: string
  readonly pd: number
  readonly verdict: Verdict
}

export interface ShadowOptions {
  readonly serving: Serving
  readonly share: number
  readonly monotonicMs: () => number
  readonly onResult: (result: ShadowResult) => void
  readonly onDrop: (why: ShadowDrop) => void
}

/**
 * Decides again what was decided, by another model with threads of its own, and tells both. The first to be shed: while
 * decisions wait, or as many shadows do, it does nothing. Whatever its model does, a decision does not notice.
 */
export function createShadow({ serving, share, monotonicMs, onResult, onDrop }: ShadowOptions) {
  let waiting = 0

  const decide = async (made: Made): Promise<void> => {
    const { values, assessment: original } = made
    const vector = serving.toVector(values)
    const outcome = await serving.scorer.score(vector, monotonicMs() + DEADLINE_MS)
    if (outcome.kind === 'fault' || !Number.isFinite(outcome.pd)) return onDrop('failed')
    const fraud = original.kind === 'scored' ? original.fraud : undefined
    const assessment: Assessment = { ...outcome, fraud: fraud ?? outcome.fraud }
    const asked = { ...made, vector, assessment, scorecard: null }
    const verdict = decideWithin(serving.decideByPolicy, asked, made.exposure)
    onResult({ made, modelId: serving.answerContext.modelIds.credit, pd: outcome.pd, verdict })
  }

  return (made: Made, inFlight: number): void => {
    // Without a score there is nothing to compare: such a decision is about the fault.
    if (made.assessment.kind !== 'scored' || !isSampled(made.decisionId, share)) return
    if (inFlight > BUSY_FROM || waiting >= MAX_WAITING) {
      onDrop('busy')
      return
    }
    waiting++
    decide(made)
      .catch(() => onDrop('failed'))
      .finally(() => {
        waiting--
      })
  }
}

/** The same answer for the same text, for a share of all texts. */
export function isSampled(text: string, share: number, seed = 0): boolean {
  return hash32(text, seed) < share * 2 ** 32
}
