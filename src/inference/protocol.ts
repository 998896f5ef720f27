/** All that crosses to a scoring thread and back. Typed arrays and plain data only: structured clone drops classes. */

/** Trees in columns; node 0 is the root, a leaf has `left` −1. A row goes left when its value is below the threshold. */
export interface Tree {
  readonly feature: readonly number[]
  readonly threshold: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly missingLeft: readonly boolean[]
  /** Margin of a leaf; 0 at inner nodes. */
  readonly value: readonly number[]
}

/** What a thread is born with: the verified bytes, never a path. */
export interface ScorerData {
  readonly modelBytes: Uint8Array
  readonly inputCount: number
  readonly trees: readonly Tree[]
  /** The documented reference applicant that contributions are measured against. */
  readonly reference: Float32Array
}

export interface ScoreTask {
  /** `count` rows of `inputCount` values, row by row. */
  readonly rows: Float32Array
  readonly count: number
  /** Rows with this probability or more (and unusable ones not) get contributions. */
  readonly explainFromPd: number
}

export interface ScoreReply {
  readonly pd: Float32Array
  /** Shapley values on the margin for explained rows, in row order; NaN in the first column of rows without. */
  readonly contributions: Float64Array
  readonly inferMicros: number
  readonly threadId: number
}

export type Score = (task: ScoreTask) => Promise<ScoreReply>
