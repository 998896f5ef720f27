import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Arrivals, planRates, type RateSegment, steadyRate } from './arrivals.ts'
import { createConnectionPool } from './connection-pool.ts'
import { createDispatcher, type OpenLoopCounts, type OpenLoopProgress } from './dispatcher.ts'
import { FULL, type PacerData, planStart, STOPPED, WAKING } from './pacer.ts'
import { createRandom } from './random.ts'
import { createTimeline, type TimelineSecond } from './timeline.ts'

export interface OpenLoopOptions {
  readonly host: string
  readonly port: number
  /** Gives the text of the next HTTP request. */
  readonly next: () => string
  readonly arrivals: Arrivals
  readonly ratePerSecond: number
  readonly seconds: number
  /** Rates that change, instead of one rate for so many seconds; together as long as `seconds`. */
  readonly segments?: readonly RateSegment[] | undefined
  /** Sent at the first rate before; not counted. */
  readonly warmUpSeconds: number
  readonly seed: number
  readonly maxInFlight: number
  readonly dropsBeyond?: boolean | undefined
  /** How long after the last request answers are still waited for. */
  readonly drainMs: number
  /** Called once when the warm-up is over. */
  readonly onMeasuring?: () => void
  readonly onProgress?: (progress: OpenLoopProgress) => void
  readonly signal?: AbortSignal
}

export interface OpenLoopResult extends OpenLoopCounts {
  readonly rate: number
  /** What each second of the measured part saw, by when requests were due. */
  readonly timeline: readonly TimelineSecond[]
}

const PROGRESS_MS = 500
/** Nothing is due while the pacer thread and the first connections come up. */
const LEAD_MS = 250
const FIRST_CONNECTIONS = 64

/** Sends requests when a plan says, whatever became of those before; see createDispatcher for how they are measured. */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { host, port, next, ratePerSecond, seconds, warmUpSeconds, maxInFlight, drainMs, signal } = options
  signal?.throwIfAborted()
  const segments = options.segments ?? [steadyRate(ratePerSecond, seconds)]
  const warmUp = warmUpSeconds > 0 ? [steadyRate(segments[0]?.fromPerSecond ?? ratePerSecond, warmUpSeconds)] : []
  const planMs = planRates(options.arrivals, [...warmUp, ...segments], createRandom(options.seed))
  const measureFromMs = warmUpSeconds * 1000
  const finished = Promise.withResolvers<void>()
  const onAbort = (): void => finished.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)

  const pool = createConnectionPool({
    host,
    port,
    first: Math.min(FIRST_CONNECTIONS, maxInFlight),
    onAnswer: ({ slot }, status) => {
      dispatcher.answered(slot, status)
      tellFull()
    }
  })
  const state = new Int32Array(new SharedArrayBuffer(12))
  const tellFull = (): void => void Atomics.store(state, FULL, Number(dispatcher.isFull()))
  const { startMs, startNanos } = planStart(LEAD_MS, {
    nowMs: () => performance.now(),
    nowNanos: () => process.hrtime.bigint()
  })
  const timeline = createTimeline(measureFromMs, seconds)
  const dispatcher = createDispatcher({
    onAnswer: timeline.add,
    planMs,
    measureFromMs,
    maxInFlight,
    dropsBeyond: options.dropsBeyond ?? false,
    nowMs: () => performance.now() - startMs,
    transmit: (index) => {
      const connection = pool.take()
      connection.slot = index
      connection.send(next())
    },
    onFinished: finished.resolve
  })

  const workerData: PacerData = { planMs, startNanos, state }
  const pacer = new Worker(new URL('./pacer.ts', import.meta.url), { workerData })
  const pacerEnd = once(pacer, 'exit')
  pacer.on('error', finished.reject)
  pacer.on('message', () => {
    // Cleared before the clock is read: what falls due from here on wakes us again.
    Atomics.store(state, WAKING, 0)
    dispatcher.sendDue()
    tellFull()
  })
  const progress = setInterval(() => options.onProgress?.(dispatcher.progress()), PROGRESS_MS)
  const measuring = setTimeout(() => options.onMeasuring?.(), LEAD_MS + measureFromMs)
  // What is not answered by then never will be, and counts as an error.
  const giveUp = setTimeout(finished.resolve, LEAD_MS + measureFromMs + seconds * 1000 + drainMs)
  try {
    await finished.promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
    for (const timer of [progress, measuring, giveUp]) clearTimeout(timer)
    Atomics.store(state, STOPPED, 1)
    Atomics.notify(state, STOPPED)
    pool.close()
    await pacerEnd
  }
  return { rate: ratePerSecond, ...dispatcher.counts(), timeline: timeline.seconds(planMs) }
}
