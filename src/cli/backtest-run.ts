import { performance } from 'node:perf_hooks'
import { submittedEvent } from '../decisions/decide.ts'
import type { AssayEvent } from '../domain/event.ts'
import { createOfflineBehaviour, type Replayed, replay } from '../features/offline.ts'
import { createVectorPicker, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { createScorerPool } from '../inference/pool.ts'
import type { ScoreOutcome, Scorer } from '../inference/scorer.ts'
import { compilePolicy, type Decide, explainFromPd } from '../policy/engine.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import type { Decided } from './backtest-line.ts'
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
  readonly policy: LoadedPolicy
  /** Decides the same beside it. */
  readonly compare: LoadedPolicy | null
  /** Applications to pass over, in order of time: they are decided already. */
  readonly skip: number
  readonly threads: number
  /** Called when the threads have proven the model: a measurement of speed starts here. */
  readonly onReady: () => void
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
    explainFromPd: explainFromPd(policy.policy),
    onBatch: () => {},
    onFault: () => {}
  })
  try {
    input.onReady()
    const decide = createDecider(input, scorer)
    const behaviour = createOfflineBehaviour({ compactFromBytes: OFFLINE_COMPACT_FROM_BYTES })
    const inFlight: Promise<Decided>[] = []
    let skipped = 0
    for (const replayed of replay({ events, applications, behaviour, featureSet, submittedEvent })) {
      if (skipped < input.skip) {
        skipped++
        continue
      }
      inFlight.push(decide(replayed))
      if (inFlight.length === inFlightRows) yield* await Promise.all(inFlight.splice(0, inFlightRows / 2))
    }
    yield* await Promise.all(inFlight)
  } finally {
    await scorer.close()
  }
}

/** A policy as a backtest decides by it: on what the credit model says alone. */
export function compileForBacktest(
  { policy, rules }: LoadedPolicy,
  model: VerifiedModel,
  { names }: FeatureSet
): Decide {
  return compilePolicy(policy, model.manifest, names, { rules })
}

function createDecider(
  { featureSet, model, policy, compare }: BacktestInput,
  scorer: Scorer
): (replayed: Replayed<PastCase>) => Promise<Decided> {
  const inputs = model.manifest.inputs.map(({ name }) => name)
  const toVector = createVectorPicker(featureSet.names, inputs)
  const decide = compileForBacktest(policy, model, featureSet)
  const decideAgain = compare && compileForBacktest(compare, model, featureSet)
  return async ({ past, features: { values, truncated } }) => {
    const { application, asOf, outcome } = past
    const vector = toVector(values)
    const assessment = scored(await scorer.score(vector, performance.now() + SCORE_DEADLINE_MS))
    // Offers are named after the decision; here the application is name enough.
    const decisionId = application.applicationId
    const historyTruncated = truncated.includes('applicant')
    const asked = { application, values, vector, assessment, historyTruncated, decisionId, nowMs: asOf }
    const [verdict, compared] = [decide(asked), decideAgain?.(asked) ?? null]
    return { application, asOf, outcome, values, historyTruncated, pd: assessment.pd, verdict, compared }
  }
}

function scored(outcome: ScoreOutcome): Extract<ScoreOutcome, { kind: 'scored' }> {
  if (outcome.kind === 'fault') throw new Error(`the model did not answer: ${outcome.code}`)
  return outcome
}
