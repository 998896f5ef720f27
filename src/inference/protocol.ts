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
  /** Where its batches lie. */
  readonly memory: BatchMemory
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

/** A batch on the side of the thread. */
export type Score = (task: ScoreTask) => Promise<ScoreReply>

/** The same on the side that asks; rejects when the thread throws or dies. */
export type BatchRun = (task: ScoreTask) => Promise<ScoreReply>

/**
 * Where batches and their scores lie so that a thread and who asks it both see them. A message then carries the number of a
 * place and mostly nothing back: cloning a batch and its scores costs as much again as waking the thread
 * (`npm run bench:score`).
 */
export interface BatchMemory {
  readonly shared: SharedArrayBuffer
  readonly maxRows: number
  /** Inputs of a row, of all models together. */
  readonly columns: number
}

/** What is too large and too rare to have a place: the contributions of a batch in which some row was explained. */
export type Explained = Pick<ScoreReply, 'contributions'> & { readonly fraudContributions: Float64Array | null }

/** What a message asks of a thread: the number of the place where the batch lies. */
export type ScorePlace = (place: number) => Promise<Explained | null>
