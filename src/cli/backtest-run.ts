import { performance } from 'node:perf_hooks'
import { submittedEvent } from '../decisions/decide.ts'
import type { AssayEvent } from '../domain/event.ts'
import { createOfflineBehaviour, type Replayed, replay } from '../features/offline.ts'
import { createVectorPicker, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { createScorerPool } from '../inference/pool.ts'
import type { ScoreOutcome, Scorer } from '../inference/scorer.ts'
import { compilePolicy, explainFromPd, type Verdict } from '../policy/engine.ts'
import type { EvaluateRules } from '../policy/rule-packs.ts'
import type { Policy } from '../policy/schema.ts'
import { OFFLINE_COMPACT_FROM_BYTES } from './export.ts'
import type { PastCase } from './history-files.ts'

const BATCH_ROWS = 64
/** Batches that wait for a thread, so that none waits for us. */
const BATCHES_AHEAD = 4
/** A backtest has time; a thread that needs longer than this hangs. */
const SCORE_DEADLINE_MS = 60_000

export interface BacktestInput {
  readonly events: readonly AssayEvent[]
  readonly applications: readonly PastCase[]
  readonly featureSet: FeatureSet
  readonly model: VerifiedModel
  readonly policy: Policy
  readonly rules?: EvaluateRules | undefined
  readonly threads: number
  /** Called when the threads have proven the model: a measurement of speed starts here. */
  readonly onReady: () => void
}

export interface Decided {
  readonly past: PastCase
  /** Features in catalogue order. */
  readonly values: Float64Array
  /** As the model gave it. */
  readonly pd: number
  readonly verdict: Verdict
}

/**
 * Decides every application of the past as live would have, in order of time: the same features, threads, model and
 * policy, with the store in memory. A fault of scoring ends it, because a backtest with holes proves nothing.
 */
export async function* runBacktest(input: BacktestInput): AsyncGenerator<Decided> {
  const { events, applications, featureSet, model, policy, threads } = input
  const inFlightRows = BATCH_ROWS * BATCHES_AHEAD * threads
  const scorer = await createScorerPool({
    model,
    threads,
    maxBatchRows: BATCH_ROWS,
    maxQueuedRows: inFlightRows,
    explainFromPd: explainFromPd(policy),
    onBatch: () => {},
    onFault: () => {}
  })
  try {
    input.onReady()
    const decide = createDecider(input, scorer)
    const behaviour = createOfflineBehaviour({ compactFromBytes: OFFLINE_COMPACT_FROM_BYTES })
    const inFlight: Promise<Decided>[] = []
    for (const replayed of replay({ events, applications, behaviour, featureSet, submittedEvent })) {
      inFlight.push(decide(replayed))
      if (inFlight.length === inFlightRows) yield* await Promise.all(inFlight.splice(0, inFlightRows / 2))
    }
    yield* await Promise.all(inFlight)
  } finally {
    await scorer.close()
  }
}

function createDecider(
  { featureSet, model, policy, rules }: BacktestInput,
  scorer: Scorer
): (replayed: Replayed<PastCase>) => Promise<Decided> {
  const inputs = model.manifest.inputs.map(({ name }) => name)
  const toVector = createVectorPicker(featureSet.names, inputs)
  const decideByPolicy = compilePolicy(policy, model.manifest, featureSet.names, { rules })
  return async ({ past, features: { values, truncated } }) => {
    const { application, asOf } = past
    const vector = toVector(values)
    const assessment = scored(await scorer.score(vector, performance.now() + SCORE_DEADLINE_MS))
    // Offers are named after the decision; here the application is name enough.
    const decisionId = application.applicationId
    const historyTruncated = truncated.includes('applicant')
    const input = { application, values, vector, assessment, historyTruncated, decisionId, nowMs: asOf }
    const verdict = decideByPolicy(input)
    return { past, values, pd: assessment.pd, verdict }
  }
}

function scored(outcome: ScoreOutcome): Extract<ScoreOutcome, { kind: 'scored' }> {
  if (outcome.kind === 'fault') throw new Error(`the model did not answer: ${outcome.code}`)
  return outcome
}
