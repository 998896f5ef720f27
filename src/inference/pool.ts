import { performance } from 'node:perf_hooks'
import { Piscina } from 'piscina'
import { AssayError } from '../errors.ts'
import { type BatchRun, createBatcher } from './batcher.ts'
import type { VerifiedModel } from './model.ts'
import type { ScoreReply, ScorerData, ScoreTask } from './protocol.ts'
import type { Scorer } from './scorer.ts'

const WORKER = new URL('../../workers/score.ts', import.meta.url).href
/** A thread loads the runtime and the model in about 0.3 s; ten times that on a busy machine. */
const PROBE_DEADLINE_MS = 10_000

export interface ScorerPoolOptions {
  readonly model: VerifiedModel
  readonly threads: number
  /** Rows of one task at most: 64 keep a batch under half a millisecond (performance reference, section 3). */
  readonly maxBatchRows: number
  /** Rows waiting at most; beyond it a row is refused at once. */
  readonly maxQueuedRows: number
  readonly explainFromPd: number
  readonly onBatch: (rows: number, inferMicros: number) => void
  /** Late answers, dead threads: for the metrics. */
  readonly onFault: (kind: 'late' | 'failed') => void
  /** Another thread file, for tests of threads that fail. */
  readonly worker?: string
}

/**
 * A pool of scoring threads in which every thread has proven its golden scores. Throws AssayError model_invalid when one
 * does not, so that no unproven thread ever serves.
 *
 * A started inference is never aborted: doing so can end the whole process (reliability reference, fact 5). A row whose
 * deadline passes is answered without its score and the late result is dropped.
 */
export async function createScorerPool(options: ScorerPoolOptions): Promise<Scorer> {
  const { model, threads, worker = WORKER } = options
  const pool = new Piscina<ScoreTask, ScoreReply>({
    filename: worker,
    name: 'score',
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    maxQueue: threads * 2,
    workerData: model.scorerData satisfies ScorerData
  })
  pool.on('error', () => options.onFault('failed'))
  const proven = new Set<number>()
  const prove = async (tasks: number) => {
    for (const threadId of await probe((task) => pool.run(task), model, tasks)) proven.add(threadId)
  }
  try {
    await prove(threads)
  } catch (cause) {
    await pool.destroy()
    throw cause
  }
  let proving: Promise<void> | undefined
  // Piscina puts a new thread in the place of a dead one. What it says counts only once it has shown its golden scores.
  const run: BatchRun = async (task) => {
    const reply = await pool.run(task)
    if (proven.has(reply.threadId)) return reply
    // One proof at a time, however many batches wait for it.
    if (proving === undefined) {
      proving = prove(threads)
        .catch(() => options.onFault('failed'))
        .finally(() => {
          proving = undefined
        })
    }
    throw new Error('an unproven thread answered')
  }
  const batcher = createBatcher({
    ...options,
    inputCount: model.scorerData.inputCount,
    run,
    nowMs: () => performance.now()
  })
  return {
    score: batcher.score,
    close: async () => {
      await batcher.drain()
      await pool.close()
    }
  }
}

/** Runs the golden rows `threads` times at once; the threads that got every bit right. Throws AssayError model_invalid. */
async function probe(run: BatchRun, { golden, manifest }: VerifiedModel, threads: number): Promise<number[]> {
  const rows = Float32Array.from(golden.rows.flat(), (value) => value ?? Number.NaN)
  const task = { rows, count: golden.rows.length, explainFromPd: Number.POSITIVE_INFINITY }
  const name = `${manifest.name} ${manifest.version}`
  // As many tasks at once as there are threads: each idle thread takes exactly one.
  const replies = Array.from({ length: threads }, () => run(task))
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, PROBE_DEADLINE_MS, new Error(`no answer within ${PROBE_DEADLINE_MS} ms`))
  try {
    const answered = await Promise.race([Promise.all(replies), late])
    for (const { pd } of answered) {
      const wrong = golden.pd.findIndex((expected, index) => !Object.is(Math.fround(expected), pd[index]))
      if (wrong >= 0) {
        throw new Error(`golden row ${wrong} scores ${pd[wrong]}, not ${golden.pd[wrong]}`)
      }
    }
    return answered.map(({ threadId }) => threadId)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('model_invalid', `${name} does not score as its golden vectors say: ${why}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}
