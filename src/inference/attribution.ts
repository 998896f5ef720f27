import type { Tree } from './protocol.ts'

/**
 * Exact Shapley values of a tree ensemble against one reference row (interventional, single baseline): how much each
 * feature moves the margin from the reference’s to this row’s. They add up to margin(row) − margin(reference).
 *
 * Per tree a walk follows both rows at once. Where they part at a feature not met before, the walk goes both ways: the
 * row’s way puts the feature into the coalition, the reference’s way keeps it out. A leaf reached with `inside` features
 * in and `outside` out counts for the coalitions that contain the former and none of the latter, which gives each of
 * them the weight (inside−1)!·outside!/(inside+outside)!, negative for those outside (Lundberg et al. 2020, “From
 * local explanations to global understanding”, interventional TreeSHAP). test/inference/attribution.test.ts holds it
 * against the definition.
 */
export function createAttribution(trees: readonly Tree[], reference: Float32Array, featureCount: number) {
  const IN = 1
  const OUT = 2
  const side = new Uint8Array(featureCount)
  const path = new Int32Array(featureCount)
  let row: Float32Array = reference
  let result: Float64Array = new Float64Array(featureCount)

  const goesLeft = (tree: Tree, node: number, values: Float32Array): boolean => {
    const value = values[tree.feature[node] as number] as number
    return Number.isNaN(value) ? (tree.missingLeft[node] as boolean) : value < (tree.threshold[node] as number)
  }

  const walk = (tree: Tree, node: number, depth: number, inside: number): void => {
    const left = tree.left[node] as number
    if (left < 0) {
      addLeaf(tree.value[node] as number, depth, inside)
      return
    }
    const right = tree.right[node] as number
    const feature = tree.feature[node] as number
    const rowChild = goesLeft(tree, node, row) ? left : right
    const referenceChild = goesLeft(tree, node, reference) ? left : right
    if (rowChild === referenceChild || side[feature] !== 0) {
      walk(tree, side[feature] === OUT ? referenceChild : rowChild, depth, inside)
      return
    }
    path[depth] = feature
    side[feature] = IN
    walk(tree, rowChild, depth + 1, inside + 1)
    side[feature] = OUT
    walk(tree, referenceChild, depth + 1, inside)
    side[feature] = 0
  }

  const addLeaf = (value: number, depth: number, inside: number): void => {
    if (depth === 0 || value === 0) return
    const outside = depth - inside
    const weightIn = inside === 0 ? 0 : (factorial(inside - 1) * factorial(outside)) / factorial(depth)
    const weightOut = outside === 0 ? 0 : (factorial(inside) * factorial(outside - 1)) / factorial(depth)
    for (let step = 0; step < depth; step++) {
      const feature = path[step] as number
      result[feature] = (result[feature] as number) + (side[feature] === IN ? weightIn : -weightOut) * value
    }
  }

  /** Contributions of one row, in feature order, written to `into`. */
  return (values: Float32Array, into: Float64Array): void => {
    row = values
    result = into
    into.fill(0)
    for (const tree of trees) walk(tree, 0, 0, 0)
  }
}

const FACTORIALS = Array.from({ length: 19 }, (_, n) => {
  let product = 1
  for (let factor = 2; factor <= n; factor++) product *= factor
  return product
})

function factorial(n: number): number {
  return FACTORIALS[n] as number
}

/** The margin of a row, summed as the runtime does: float32 additions in tree order. The oracle and the fallback. */
export function treeMargin(trees: readonly Tree[], values: Float32Array): number {
  let margin = 0
  for (const tree of trees) {
    let node = 0
    while ((tree.left[node] as number) >= 0) {
      const value = values[tree.feature[node] as number] as number
      const left = Number.isNaN(value) ? (tree.missingLeft[node] as boolean) : value < (tree.threshold[node] as number)
      node = left ? (tree.left[node] as number) : (tree.right[node] as number)
    }
    margin = Math.fround(margin + (tree.value[node] as number))
  }
  return margin
}
