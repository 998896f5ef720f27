import type { BatchRun, ModelReply, ScoreReply } from './protocol.ts'
import type { ExplainFrom, ModelScore, ScoreOutcome, Scorer } from './scorer.ts'

export interface BatcherOptions {
  readonly run: BatchRun
  readonly inputCount: number
  /** Where a fraud model scores the same rows. */
  readonly fraud?: { readonly inputCount: number; readonly explainFromPd: number } | undefined
  readonly threads: number
  readonly maxBatchRows: number
  readonly maxQueuedRows: number
  readonly explainFromPd: number
  /** Monotonic; deadlines are on this clock. */
  readonly nowMs: () => number
  readonly onBatch: (rows: number, inferMicros: number) => void
  readonly onFault: (kind: 'late' | 'failed') => void
}

interface Waiting {
  readonly row: Float32Array
  readonly deadlineAtMs: number
  readonly explainFrom: ExplainFrom
  readonly settle: (outcome: ScoreOutcome) => void
  settled: boolean
}

const TIMEOUT: ScoreOutcome = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }
const UNAVAILABLE: ScoreOutcome = { kind: 'fault', code: 'SYS_INFERENCE_UNAVAILABLE' }
const OVERLOAD: ScoreOutcome = { kind: 'fault', code: 'SYS_OVERLOAD' }

/**
 * Turns rows that wait in the same turn of the event loop into one task, because a hop to a thread costs the same for
 * one row as for sixty (performance reference, section 4). A batch is what is waiting when a thread is free: no timer ever
 * delays a row. setImmediate closes a turn: the Redis replies of one read arrive before it runs.
 */
export function createBatcher(
  options: BatcherOptions
): Pick<Scorer, 'score'> & { readonly drain: () => Promise<void> } {
  const { run, inputCount, fraud, threads, maxBatchRows, maxQueuedRows, nowMs, onBatch, onFault } = options
  const usual: ExplainFrom = {
    pd: options.explainFromPd,
    fraudPd: fraud?.explainFromPd ?? Number.POSITIVE_INFINITY
  }
  const columns = inputCount + (fraud?.inputCount ?? 0)
  let queue: Waiting[] = []
  const running = new Map<readonly Waiting[], Promise<void>>()
  let scheduled = false
  let guardAtMs = Number.POSITIVE_INFINITY
  let guardTimer: NodeJS.Timeout | undefined

  const score = (row: Float32Array, deadlineAtMs: number, explainFrom = usual): Promise<ScoreOutcome> => {
    if (queue.length >= maxQueuedRows) queue = queue.filter(({ settled }) => !settled)
    if (queue.length >= maxQueuedRows) return Promise.resolve(OVERLOAD)
    return new Promise((settle) => {
      const waiting: Waiting = { row, deadlineAtMs, explainFrom, settle, settled: false }
      queue.push(waiting)
      guard(deadlineAtMs)
      schedule()
    })
  }

  // One timer guards every row, queued or running, so that a thread that hangs holds nobody up and a row costs no timer:
  // it fires at some row's deadline, answers whoever is late and moves on to the next deadline.
  const guard = (deadlineAtMs: number): void => {
    if (deadlineAtMs >= guardAtMs) return
    clearTimeout(guardTimer)
    guardAtMs = deadlineAtMs
    guardTimer = setTimeout(expire, Math.max(0, deadlineAtMs - nowMs())).unref()
  }

  const expire = (): void => {
    guardAtMs = Number.POSITIVE_INFINITY
    const now = nowMs()
    let next = Number.POSITIVE_INFINITY
    for (const rows of [queue, ...running.keys()]) {
      for (const waiting of rows) {
        if (waiting.settled) continue
        if (waiting.deadlineAtMs <= now) answer(waiting, TIMEOUT)
        else next = Math.min(next, waiting.deadlineAtMs)
      }
    }
    guard(next)
  }

  const schedule = (): void => {
    if (scheduled || running.size >= threads || queue.length === 0) return
    scheduled = true
    setImmediate(flush)
  }

  const flush = (): void => {
    scheduled = false
    const now = nowMs()
    while (running.size < threads && queue.length > 0) {
      const batch = queue.splice(0, maxBatchRows).filter((waiting) => stillWaits(waiting, now))
      if (batch.length > 0) start(batch)
    }
  }

  const stillWaits = (waiting: Waiting, now: number): boolean => {
    if (!waiting.settled && waiting.deadlineAtMs <= now) answer(waiting, TIMEOUT)
    return !waiting.settled
  }

  const start = (batch: readonly Waiting[]): void => {
    const rows = new Float32Array(batch.length * columns)
    // Rows of two policies may share a batch while one takes the place of the other.
    let [explainFromPd, fraudFromPd] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    batch.forEach(({ row, explainFrom }, index) => {
      rows.set(row, index * columns)
      explainFromPd = Math.min(explainFromPd, explainFrom.pd)
      fraudFromPd = Math.min(fraudFromPd, explainFrom.fraudPd)
    })
    const explainFraudFromPd = fraud === undefined ? undefined : fraudFromPd
    const finished = run({ rows, count: batch.length, explainFromPd, explainFraudFromPd })
      .then((reply) => deliver(batch, reply))
      .catch(() => fail(batch))
      .finally(() => {
        running.delete(batch)
        schedule()
      })
    running.set(batch, finished)
  }

  const deliver = (batch: readonly Waiting[], reply: ScoreReply): void => {
    onBatch(batch.length, reply.inferMicros)
    batch.forEach((waiting, index) => {
      if (waiting.settled) onFault('late')
      const { explainFrom } = waiting
      const { pd, contributions } = scoreOf(reply, index, inputCount, explainFrom.pd)
      const suspicion =
        fraud && (reply.fraud ? scoreOf(reply.fraud, index, fraud.inputCount, explainFrom.fraudPd) : NO_SCORE)
      answer(waiting, { kind: 'scored', pd, contributions, fraud: suspicion })
    })
  }

  const fail = (batch: readonly Waiting[]): void => {
    onFault('failed')
    for (const waiting of batch) answer(waiting, UNAVAILABLE)
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0 || running.size > 0) {
      schedule()
      await (running.size > 0 ? Promise.all(running.values()) : new Promise(setImmediate))
    }
  }

  return { score, drain }
}

const NO_SCORE: ModelScore = { pd: Number.NaN, contributions: null }

function scoreOf({ pd, contributions }: ModelReply, index: number, inputCount: number, fromPd: number): ModelScore {
  const of = contributions?.subarray(index * inputCount, (index + 1) * inputCount)
  const own = pd[index] ?? Number.NaN
  return { pd: own, contributions: of === undefined || Number.isNaN(of[0]) || own < fromPd ? null : of }
}

function answer(waiting: Waiting, outcome: ScoreOutcome): void {
  if (waiting.settled) return
  waiting.settled = true
  waiting.settle(outcome)
}
