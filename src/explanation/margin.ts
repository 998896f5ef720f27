import { createAttribution, treeMargin } from '../inference/attribution.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { Tree } from '../inference/protocol.ts'

/**
 * How far a probability computed here may lie from that of the network, which sums in the same float32 but whose runtime
 * approximates the sigmoid by its own polynomial, by processor. The golden rows of every model are held to it by a test;
 * the largest distance seen is 1e-7.
 */
export const PD_TOLERANCE = 1e-6

/** A probability of default in float32, within PD_TOLERANCE of what the network says of the same row. */
export function treePd(trees: readonly Tree[], row: Float32Array): number {
  return Math.fround(1 / (1 + Math.exp(-treeMargin(trees, row))))
}

export interface Attributed {
  readonly contributions: Float64Array
  /** Log-odds of default of the row, and of the reference applicant: they differ by the sum of the contributions. */
  readonly margin: number
  readonly referenceMargin: number
}

/** Computes the contributions of a row as the scoring thread does, or takes those that were recorded. */
export function attribute(
  { scorerData: { trees, reference, inputCount } }: VerifiedModel,
  row: Float32Array,
  recorded: Float64Array | null
): Attributed {
  const contributions = recorded ?? new Float64Array(inputCount)
  if (recorded === null) createAttribution(trees, reference, inputCount)(row, contributions)
  return { contributions, margin: exactMargin(trees, row), referenceMargin: exactMargin(trees, reference) }
}

/** The sum of the leaves in double precision: contributions add up to it, those of float32 sums only nearly. */
function exactMargin(trees: readonly Tree[], row: Float32Array): number {
  return trees.reduce((margin, tree) => margin + treeMargin([tree], row), 0)
}
