/** Where time comes from: handed in, so that a test or a replay can say what time it is. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump. */
  readonly nowMs: () => number
  /** Milliseconds that never go back: for durations and deadlines. */
  readonly monotonicMs: () => number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now()
}
