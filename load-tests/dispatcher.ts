import { build, type Histogram } from 'hdr-histogram-js'

export interface DispatcherOptions {
  /** When each request is due. */
  readonly planMs: Float64Array
  /** What is due before is warm-up and not counted. */
  readonly measureFromMs: number
  /** The most requests in progress; what is due beyond waits, and its wait counts. */
  readonly maxInFlight: number
  /** What is due beyond is not sent at all, as by a caller whose connections are all in use. */
  readonly dropsBeyond?: boolean
  /** On the clock of the plan. */
  readonly nowMs: () => number
  readonly transmit: (index: number) => void
  readonly onFinished: () => void
  /** Of each counted answer: when it was due, milliseconds after that, its status (0: the connection broke). */
  readonly onAnswer?: ((dueMs: number, latencyMs: number, status: number) => void) | undefined
}

export interface Dispatcher {
  /** Sends what is due by now. To be called when something is. */
  sendDue(): void
  /** Status 0 is a connection that broke. */
  answered(index: number, status: number): void
  /** Whether all that is due is dropped just now. */
  isFull(): boolean
  progress(): OpenLoopProgress
  counts(): OpenLoopCounts
}

export interface OpenLoopProgress {
  readonly planned: number
  readonly sent: number
  readonly inFlight: number
  readonly errors: number
}

/** Latencies in milliseconds; NaN, and null in JSON, when there was none to measure. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface OpenLoopCounts extends Percentiles {
  /** Requests planned after the warm-up; each of them was answered or is an error. */
  readonly sent: number
  /** Answers other than 2xx, broken connections and answers that never came. Their times are in no percentile. */
  readonly errors: number
  /** Requests that had to wait because `maxInFlight` were in progress. Above 0 the service could not keep up. */
  readonly heldBack: number
  /** Requests that were never sent, for the same reason, where `dropsBeyond` says so; `sent` is without them. */
  readonly dropped: number
  /** How much too late the generator itself sent: part of the latencies above. */
  readonly lag: Percentiles
  /** Latency by percentile, for a plot; empty when nothing was answered. */
  readonly curve: readonly (readonly [percentile: number, ms: number])[]
  readonly statuses: Readonly<Record<string, number>>
}

const CURVE = [0, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 100]
const MAX_LATENCY_MICROS = 600_000_000

/**
 * The accounts of an open loop. Each request is measured from the moment the plan gave it, not from when it went out:
 * one that could not be sent because the service stood still has waited all that time, as its customer would have.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { planMs, measureFromMs, maxInFlight, dropsBeyond = false, nowMs, transmit, onFinished, onAnswer } = options
  const [latencies, lags] = [createHistogram(), createHistogram()]
  const statuses: Record<string, number> = {}
  const waiting: number[] = []
  let [firstWaiting, sent, answered, inFlight, errors, heldBack, dropped, skipped] = [0, 0, 0, 0, 0, 0, 0, 0]

  const dueAt = (index: number): number => planMs[index] as number
  const counts = (index: number): boolean => dueAt(index) >= measureFromMs
  const send = (index: number): void => {
    inFlight++
    transmit(index)
    if (counts(index)) lags.recordValue(toMicros(nowMs() - dueAt(index)))
  }

  const sendWhile = (isDue: (dueMs: number) => boolean): void => {
    for (; sent < planMs.length && isDue(dueAt(sent)); sent++) {
      if (inFlight < maxInFlight) send(sent)
      else if (dropsBeyond) {
        if (counts(sent)) dropped++
        skipped++
      } else {
        if (counts(sent)) heldBack++
        waiting.push(sent)
      }
    }
    if (answered + skipped === planMs.length) onFinished()
  }
  const isFull = (): boolean => dropsBeyond && inFlight >= maxInFlight

  return {
    sendDue: () => sendWhile((dueMs) => dueMs <= nowMs()),
    isFull,
    answered: (index, status) => {
      // Nobody wakes a full sender in time: what was due before found every connection in use.
      if (dropsBeyond) sendWhile((dueMs) => dueMs < nowMs())
      if (counts(index)) {
        statuses[status] = (statuses[status] ?? 0) + 1
        onAnswer?.(dueAt(index), nowMs() - dueAt(index), status)
        if (status >= 200 && status < 300) latencies.recordValue(toMicros(nowMs() - dueAt(index)))
        else errors++
      }
      inFlight--
      answered++
      if (firstWaiting < waiting.length) send(waiting[firstWaiting++] as number)
      else if (answered + skipped === planMs.length) onFinished()
    },
    progress: () => ({ planned: planMs.length, sent, inFlight, errors }),
    counts: () => {
      const planned = planMs.reduce((count, dueMs) => (dueMs >= measureFromMs ? count + 1 : count), 0)
      const unanswered = planned - dropped - latencies.totalCount - errors
      return {
        sent: planned - dropped,
        errors: errors + unanswered,
        ...percentiles(latencies),
        heldBack,
        dropped,
        lag: percentiles(lags),
        curve: latencies.totalCount === 0 ? [] : CURVE.map((at) => [at, latencies.getValueAtPercentile(at) / 1000]),
        statuses: unanswered > 0 ? { ...statuses, unanswered } : statuses
      }
    }
  }
}

function createHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_LATENCY_MICROS,
    numberOfSignificantValueDigits: 3
  })
}

function toMicros(ms: number): number {
  return Math.min(MAX_LATENCY_MICROS, Math.max(1, Math.round(ms * 1000)))
}

function percentiles(histogram: Histogram): Percentiles {
  const at = (percentile: number): number =>
    histogram.totalCount === 0 ? Number.NaN : histogram.getValueAtPercentile(percentile) / 1000
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) }
}
