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

/** A model as a thread takes it: the verified bytes, never a path. */
export interface ModelData {
  readonly modelBytes: Uint8Array
  readonly inputCount: number
  readonly trees: readonly Tree[]
  /** The documented reference applicant that contributions are measured against. */
  readonly reference: Float32Array
}

/** What a thread is born with: the model that decides, and the fraud model where there is one. */
export interface ScorerData extends ModelData {
  readonly fraud?: ModelData | undefined
}

export interface ScoreTask {
  /** `count` rows, row by row: the inputs of the first model, then those of the fraud model where there is one. */
  readonly rows: Float32Array
  readonly count: number
  /** Rows with this probability or more (and unusable ones not) get contributions. */
  readonly explainFromPd: number
  readonly explainFraudFromPd?: number | undefined
}

/** Scores of one model, in row order. */
export interface ModelReply {
  readonly pd: Float32Array
  /**
   * Shapley values on the margin for explained rows, in row order; NaN in the first column of rows without. Null when no
   * row was explained.
   */
  readonly contributions: Float64Array | null
}

export interface ScoreReply extends ModelReply {
  readonly fraud?: ModelReply | undefined
  readonly inferMicros: number
  readonly threadId: number
}

export type Score = (task: ScoreTask) => Promise<ScoreReply>
