import { build, type Histogram } from 'hdr-histogram-js'

/** One second of a run; latencies in milliseconds, null where nothing was answered. */
export interface TimelineSecond {
  readonly second: number
  /** Requests due in this second. */
  readonly due: number
  /** Of them, answered 2xx at any time. */
  readonly answered: number
  /** Of them, answered otherwise, broken or never answered. */
  readonly errors: number
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
}

export interface Timeline {
  readonly add: (dueMs: number, latencyMs: number, status: number) => void
  readonly seconds: (planMs: Float64Array) => TimelineSecond[]
}

const SIGNIFICANT_DIGITS = 2
const MAX_LATENCY_MICROS = 600_000_000

/** Answers by the second in which they were due, so that a stall shows where it was and not where it ended. */
export function createTimeline(measureFromMs: number, seconds: number): Timeline {
  const histograms: Histogram[] = []
  const secondOf = (dueMs: number): number => Math.floor((dueMs - measureFromMs) / 1000)
  const histogramOf = (second: number): Histogram => {
    histograms[second] ??= build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: MAX_LATENCY_MICROS,
      numberOfSignificantValueDigits: SIGNIFICANT_DIGITS
    })
    return histograms[second]
  }
  return {
    add: (dueMs, latencyMs, status) => {
      if (status < 200 || status > 299) return
      const micros = Math.min(MAX_LATENCY_MICROS, Math.max(1, Math.round(latencyMs * 1000)))
      histogramOf(secondOf(dueMs)).recordValue(micros)
    },
    seconds: (planMs) => {
      const due = new Array<number>(Math.ceil(seconds)).fill(0)
      for (const dueMs of planMs) {
        const second = secondOf(dueMs)
        if (second >= 0 && second < due.length) due[second] = (due[second] as number) + 1
      }
      return due.map((count, second) => {
        const answers = histograms[second]
        const at = (percentile: number) => (answers ? answers.getValueAtPercentile(percentile) / 1000 : null)
        const answered = answers?.totalCount ?? 0
        return { second, due: count, answered, errors: count - answered, p50: at(50), p99: at(99), max: at(100) }
      })
    }
  }
}
