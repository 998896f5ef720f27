import type { Tree } from '../../../src/inference/protocol.ts'
import { pick, type Random } from '../../random.ts'

const MISSING_SHARE = 0.05

/** Full trees of random splits: the same for the same random numbers. */
export function madeUpTrees(
  random: Random,
  { trees, depth, inputCount }: Record<'trees' | 'depth' | 'inputCount', number>
): Tree[] {
  const inner = 2 ** depth - 1
  const nodes = Array.from({ length: 2 * inner + 1 }, (_, node) => node)
  const ofInner = <Value>(value: () => Value, otherwise: Value) =>
    nodes.map((node) => (node < inner ? value() : otherwise))
  return Array.from({ length: trees }, () => ({
    feature: ofInner(() => Math.floor(random() * inputCount), 0),
    threshold: ofInner(() => Math.fround(random()), 0),
    left: nodes.map((node) => (node < inner ? 2 * node + 1 : -1)),
    right: nodes.map((node) => (node < inner ? 2 * node + 2 : -1)),
    missingLeft: ofInner(() => random() < 0.5, false),
    value: nodes.map((node) => (node < inner ? 0 : Math.fround((random() - 0.5) / 5)))
  }))
}

/**
 * Rows that part from the reference applicant at many splits, which is what reasons cost: each value lies at a threshold
 * of its input, drawn anew for each row, or just below it; some are missing. Dearer than real applicants.
 */
export function spreadRows(random: Random, trees: readonly Tree[], inputCount: number, count: number): Float32Array[] {
  const thresholds = Array.from({ length: inputCount }, (): number[] => [])
  for (const { feature, threshold, left } of trees) {
    left.forEach((child, node) => {
      if (child >= 0) thresholds[feature[node] as number]?.push(threshold[node] as number)
    })
  }
  return Array.from({ length: count }, () =>
    Float32Array.from(thresholds, (of) => {
      if (of.length === 0) return 0
      if (random() < MISSING_SHARE) return Number.NaN
      const threshold = pick(random, of)
      return random() < 0.5 ? threshold : threshold - Math.abs(threshold) * 1e-3 - 1e-6
    })
  )
}
