import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createAttribution } from '../../../src/inference/attribution.ts'
import type { VerifiedModel } from '../../../src/inference/model.ts'
import { createScorerPool } from '../../../src/inference/pool.ts'
import type { Scorer } from '../../../src/inference/scorer.ts'
import { mediansInTurns } from '../interleaved.ts'

export const BATCHES = [1, 8, 32] as const

/** Microseconds a row. */
export interface ScoreRow {
  readonly batch: number
  /** onnxruntime alone, in this thread. */
  readonly bare: number
  /** The way of a decision: batcher, thread and back, all rows handed over in one turn. */
  readonly pool: number
  readonly poolWithReasons: number
  /** Reasons alone, in this thread. */
  readonly reasons: number
}

const ROUNDS = 31
const WARM_UP_ROUNDS = 6
/** Of one contender in one round. Short, so that contenders meet the same moods of the machine. */
const ROWS_A_ROUND = 1024
const SPREAD = 64
const DEADLINE_MS = 10_000
const NEVER = Number.POSITIVE_INFINITY

/** As in workers/score.ts. */
export function openSession(modelBytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(modelBytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all'
  })
}

/** Medians of rounds in which all contenders have their turn. */
export async function measureScores(
  model: VerifiedModel,
  rows: readonly Float32Array[],
  tick: (text: string) => void
): Promise<ScoreRow[]> {
  const session = await openSession(model.scorerData.modelBytes)
  const [pool, poolWithReasons] = await Promise.all([openPool(model, NEVER), openPool(model, 0)])
  try {
    const measured: ScoreRow[] = []
    for (const batch of BATCHES) {
      const contenders = {
        bare: microsARow(bareRun(session, rows, batch), batch),
        pool: microsARow(poolRun(pool, rows, batch), batch),
        poolWithReasons: microsARow(poolRun(poolWithReasons, rows, batch), batch),
        reasons: microsARow(reasonsRun(model, rows, batch), batch)
      }
      const onRound = (round: number): void =>
        tick(`batches of ${batch}, round ${round + 1} of ${WARM_UP_ROUNDS + ROUNDS}`)
      const turns = { rounds: ROUNDS, warmUpRounds: WARM_UP_ROUNDS, onRound }
      measured.push({ batch, ...(await mediansInTurns(contenders, turns)) })
    }
    return measured
  } finally {
    await Promise.all([pool.close(), poolWithReasons.close(), session.release()])
  }
}

/** Scores the batch with this number and resolves once all is there. */
type Run = (index: number) => unknown

/** A sampler of the microseconds that a row takes. */
function microsARow(run: Run, batch: number): () => Promise<number> {
  const runs = ROWS_A_ROUND / batch
  return async () => {
    const startedAtMs = performance.now()
    for (let index = 0; index < runs; index++) await run(index)
    return ((performance.now() - startedAtMs) * 1000) / ROWS_A_ROUND
  }
}

function openPool(model: VerifiedModel, explainFromPd: number): Promise<Scorer> {
  return createScorerPool({
    model,
    threads: 1,
    maxBatchRows: 64,
    maxQueuedRows: 1024,
    explainFromPd,
    onBatch: () => {},
    onFault: () => {}
  })
}

function rowAt(rows: readonly Float32Array[], index: number): Float32Array {
  return rows[index % rows.length] as Float32Array
}

function bareRun(session: InferenceSession, rows: readonly Float32Array[], batch: number): Run {
  const width = rowAt(rows, 0).length
  const packed = Array.from({ length: SPREAD }, (_, no) => {
    const batchRows = new Float32Array(batch * width)
    for (let index = 0; index < batch; index++) batchRows.set(rowAt(rows, no * batch + index), index * width)
    return batchRows
  })
  return (index) => session.run({ features: new Tensor('float32', rowAt(packed, index), [batch, width]) }, ['pd'])
}

function poolRun(scorer: Scorer, rows: readonly Float32Array[], batch: number): Run {
  return async (index) => {
    const deadlineAtMs = performance.now() + DEADLINE_MS
    const scores = Array.from({ length: batch }, (_, no) => scorer.score(rowAt(rows, index * batch + no), deadlineAtMs))
    for (const { kind } of await Promise.all(scores)) {
      if (kind !== 'scored') throw new Error('a row of the benchmark was not scored')
    }
  }
}

function reasonsRun(
  { scorerData: { trees, reference, inputCount } }: VerifiedModel,
  rows: readonly Float32Array[],
  batch: number
): Run {
  const attribute = createAttribution(trees, reference, inputCount)
  const into = new Float64Array(inputCount)
  return (index) => {
    for (let no = 0; no < batch; no++) attribute(rowAt(rows, index * batch + no), into)
  }
}
