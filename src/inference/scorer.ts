export interface ModelScore {
  /** As the model gave it: check with isUsablePd() before deciding. */
  readonly pd: number
  /** Shapley value of each input on the margin; null when the row was not explained. */
  readonly contributions: Float64Array | null
}

/** What a score can come to. A fault is an outcome too: the decision goes to a person. */
export type ScoreOutcome =
  | ({
      readonly kind: 'scored'
      /** Absent where no fraud model serves. */
      readonly fraud?: ModelScore | undefined
    } & ModelScore)
  | { readonly kind: 'fault'; readonly code: ScoreFault }

export type ScoreFault = 'SYS_INFERENCE_TIMEOUT' | 'SYS_INFERENCE_UNAVAILABLE' | 'SYS_OVERLOAD'

/** From which probabilities on a row gets contributions, for reasons. */
export interface ExplainFrom {
  readonly pd: number
  readonly fraudPd: number
}

/** Where there is no time for reasons. */
export const EXPLAIN_NONE: ExplainFrom = { pd: Number.POSITIVE_INFINITY, fraudPd: Number.POSITIVE_INFINITY }

/** Scores rows; the adapter is the thread pool. Never rejects. */
export interface Scorer {
  /**
   * A row is the inputs of the model, then those of the fraud model where there is one. Without `explainFrom` it is explained
   * as the pool was made to.
   */
  readonly score: (row: Float32Array, deadlineAtMs: number, explainFrom?: ExplainFrom) => Promise<ScoreOutcome>
  /** Waits for running batches, then ends the threads. */
  readonly close: () => Promise<void>
}
