import { performance } from 'node:perf_hooks'
import { Piscina } from 'piscina'
import { AssayError } from '../errors.ts'
import { createBatchMemory, runThrough } from './batch-memory.ts'
import { createBatcher } from './batcher.ts'
import type { VerifiedModel } from './model.ts'
import type { BatchRun, Explained, ModelReply, ScorerData } from './protocol.ts'
import type { Scorer } from './scorer.ts'

const WORKER = new URL('../../workers/score.ts', import.meta.url).href
/** A thread that hangs in native code cannot be ended (reliability reference, fact 5): after this it is left to itself. */
const CLOSE_DEADLINE_MS = 3000
/** A thread loads the runtime and the model in about 0.3 s; ten times that on a busy machine. */
const PROBE_DEADLINE_MS = 10_000
/** A batch, the proof that a thread is sound, and as many again for what a thread that hangs never gives back. */
const PLACES_A_THREAD = 4

export interface ScorerPoolOptions {
  readonly model: VerifiedModel
  /** Scores the same rows in the same task: a hop to the thread costs more than a model. */
  readonly fraud?: { readonly model: VerifiedModel; readonly explainFromPd: number } | undefined
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
  const { model, fraud, threads, worker = WORKER } = options
  const goldenRows = [model, fraud?.model].map((each) => each?.golden.rows.length ?? 0)
  const memory = createBatchMemory(
    {
      maxRows: Math.max(options.maxBatchRows, ...goldenRows),
      columns: model.scorerData.inputCount + (fraud?.model.scorerData.inputCount ?? 0)
    },
    threads * PLACES_A_THREAD
  )
  const pool = new Piscina<number, Explained | null>({
    filename: worker,
    name: 'score',
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    recordTiming: false,
    maxQueue: threads * 2,
    workerData: { ...model.scorerData, fraud: fraud?.model.scorerData, memory } satisfies ScorerData
  })
  pool.on('error', () => options.onFault('failed'))
  const post = runThrough(memory, (place) => pool.run(place))
  const proven = new Set<number>()
  const prove = async (tasks: number) => {
    for (const threadId of await probe(post, [model, fraud?.model], tasks)) proven.add(threadId)
  }
  try {
    await prove(threads)
  } catch (cause) {
    await within(CLOSE_DEADLINE_MS, pool.destroy())
    throw cause
  }
  let proving: Promise<void> | undefined
  // Piscina puts a new thread in the place of a dead one. What it says counts only once it has shown its golden scores.
  const run: BatchRun = async (task) => {
    const reply = await post(task)
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
    fraud: fraud && { inputCount: fraud.model.scorerData.inputCount, explainFromPd: fraud.explainFromPd },
    run,
    nowMs: () => performance.now()
  })
  return {
    score: batcher.score,
    close: () =>
      within(
        CLOSE_DEADLINE_MS,
        batcher.drain().then(() => pool.close())
      )
  }
}

/** Waits for the work, no longer than that. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/**
 * Runs the golden rows of both models `threads` times at once; the threads that got every bit right. The model with
 * fewer rows repeats its own. Throws AssayError model_invalid.
 */
async function probe(
  run: BatchRun,
  [model, fraud]: readonly [VerifiedModel, VerifiedModel | undefined],
  threads: number
): Promise<number[]> {
  const count = Math.max(model.golden.rows.length, fraud?.golden.rows.length ?? 0)
  const rows = Float32Array.from(
    Array.from({ length: count }, (_, index) => [...goldenRow(model, index), ...goldenRow(fraud, index)]).flat(),
    (value) => value ?? Number.NaN
  )
  const never = Number.POSITIVE_INFINITY
  const task = { rows, count, explainFromPd: never, explainFraudFromPd: never }
  // As many tasks at once as there are threads: each idle thread takes exactly one.
  const replies = Array.from({ length: threads }, () => run(task))
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, PROBE_DEADLINE_MS, new Error(`no answer within ${PROBE_DEADLINE_MS} ms`))
  try {
    const answered = await Promise.race([Promise.all(replies), late])
    for (const reply of answered) {
      checkGolden(model, reply)
      if (fraud !== undefined) checkGolden(fraud, reply.fraud)
    }
    return answered.map(({ threadId }) => threadId)
  } catch (cause) {
    if (cause instanceof AssayError) throw cause
    throw notAsGolden(model, cause)
  } finally {
    clearTimeout(timer)
  }
}

function goldenRow(model: VerifiedModel | undefined, index: number): readonly (number | null)[] {
  const rows = model?.golden.rows ?? []
  return rows[index % rows.length] ?? []
}

function checkGolden(model: VerifiedModel, reply: ModelReply | undefined): void {
  const { pd } = model.golden
  const wrong = pd.findIndex((expected, index) => !Object.is(Math.fround(expected), reply?.pd[index]))
  if (wrong >= 0)
    throw notAsGolden(model, new Error(`golden row ${wrong} scores ${reply?.pd[wrong]}, not ${pd[wrong]}`))
}

function notAsGolden({ manifest: { name, version } }: VerifiedModel, cause: unknown): AssayError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new AssayError('model_invalid', `${name} ${version} does not score as its golden vectors say: ${why}`, {
    cause
  })
}
