import { readStoredDecision } from '../decisions/record.ts'
import type { DecisionStore, StoredDecision } from '../decisions/store.ts'
import { isUsablePd } from '../domain/score-scale.ts'
import type { OutcomeInput, OutcomeResult } from './outcome.ts'
import type { OutcomeStore, ScoredOutcome } from './redis-outcome-store.ts'

/** Records read and parsed in one turn: well under a millisecond, so that no decision waits for it. */
const TOGETHER = 8

export type RecordOutcomes = (tenant: string, outcomes: readonly OutcomeInput[]) => Promise<OutcomeResult[]>

export interface RecordOutcomesDeps {
  readonly decisions: Pick<DecisionStore, 'read'>
  readonly outcomes: Pick<OutcomeStore, 'note'>
}

/**
 * Joins each outcome with the score of its decision and notes both. Another partner’s decision looks the same as none.
 *
 * @throws AssayError store_unavailable: some may be noted, and sending them again is harmless
 */
export function createRecordOutcomes({ decisions, outcomes: store }: RecordOutcomesDeps): RecordOutcomes {
  const recordSome = async (tenant: string, inputs: readonly OutcomeInput[]): Promise<OutcomeResult[]> => {
    const stored = await Promise.all(inputs.map(({ decisionId }) => decisions.read(tenant, decisionId)))
    const joined = inputs.map((input, index) => join(tenant, input, stored[index]))
    const notes = joined.filter((each) => typeof each !== 'string')
    const replies = notes.length === 0 ? [] : await store.note(notes)
    let next = 0
    return joined.map((each) => {
      if (typeof each === 'string') return each
      const reply = replies[next++] as OutcomeResult
      return reply === 'counted' && each.score === null ? 'unscored' : reply
    })
  }

  return async (tenant, inputs) => {
    const results: OutcomeResult[] = []
    for (let start = 0; start < inputs.length; start += TOGETHER)
      results.push(...(await recordSome(tenant, inputs.slice(start, start + TOGETHER))))
    return results
  }
}

function join(tenant: string, input: OutcomeInput, stored: StoredDecision | undefined): ScoredOutcome | OutcomeResult {
  if (stored === undefined) return 'unknown_decision'
  const read = readStoredDecision(stored)
  // Nothing is noted: a release that can read it would count it then.
  if (!read.ok) return 'unscored'
  const { decision, record } = read.value
  if (input.observedAtMs < record.asOf) return 'too_early'
  const modelId = decision.trace.models.credit
  if (record.pd === null || modelId === undefined || !isUsablePd(record.pd)) return { tenant, input, score: null }
  return { tenant, input, score: { modelId, pd: record.pd } }
}
