import type { Tree } from './protocol.ts'

/**
 * Exact Shapley values of a tree ensemble against one reference row (interventional, single baseline): how much each
 * feature moves the margin from the reference’s to this row’s. They add up to margin(row) − margin(reference).
 *
 * Per tree a walk follows both rows at once. Where they part at a feature not met before, the walk goes both ways: the
 * row’s way puts the feature into the coalition, the reference’s way keeps it out. A leaf reached with `inside` features
 * in and `outside` out counts for the coalitions that contain the former and none of the latter, which gives each of
 * them the weight (inside−1)!·outside!/(inside+outside)!, negative for those outside (Lundberg et al. 2020, “From
 * local explanations to global understanding”, interventional TreeSHAP). A feature is credited once for all leaves on
 * its two sides, so a walk costs as much as the nodes it visits.
 *
 * The same input gives the same bits: one order of additions in doubles, and no state from row to row. NaN follows the
 * tree’s way for missing. test/inference/attribution.test.ts holds it against the definition, against the same walk
 * written plainly and against XGBoost’s own values; `npm run bench:score` says what it costs.
 */
export function createAttribution(trees: readonly Tree[], reference: Float32Array, featureCount: number) {
  const { roots, split, threshold, apart, value, deepest } = flatten(trees, reference)
  const weights = leafWeights(deepest)
  const stride = deepest + 1
  const side = new Uint8Array(featureCount)
  /** Of the part of a tree walked last: its leaves’ values, weighted for features inside, and for those outside. */
  const sums = new Float64Array(2)
  let row = reference
  let result: Float64Array = new Float64Array(featureCount)

  const walk = (start: number, inside: number, outside: number): void => {
    let node = start
    for (;;) {
      const code = split[node] as number
      if (code < 0) {
        const leaf = value[apart[node] as number] as number
        sums[0] = (weights[inside * stride + outside] as number) * leaf
        sums[1] = (weights[outside * stride + inside] as number) * leaf
        return
      }
      const feature = code >> 2
      const input = row[feature] as number
      const isLeft = input < (threshold[node] as number) || ((code & MISSING_LEFT) !== 0 && Number.isNaN(input))
      const met = side[feature] as number
      if (isLeft === ((code & REFERENCE_LEFT) !== 0) || met === OUT) {
        node++
        continue
      }
      if (met === IN) {
        node = apart[node] as number
        continue
      }
      side[feature] = IN
      walk(apart[node] as number, inside + 1, outside)
      const rowIn = sums[0] as number
      const rowOut = sums[1] as number
      side[feature] = OUT
      walk(node + 1, inside, outside + 1)
      side[feature] = 0
      result[feature] = (result[feature] as number) + (rowIn - (sums[1] as number))
      sums[0] = rowIn + (sums[0] as number)
      sums[1] = rowOut + (sums[1] as number)
      return
    }
  }

  /** Contributions of one row, in feature order, written to `into`. */
  return (values: Float32Array, into: Float64Array): void => {
    row = values
    result = into
    into.fill(0)
    for (let index = 0; index < roots.length; index++) walk(roots[index] as number, 0, 0)
  }
}

const [IN, OUT] = [1, 2]
const [MISSING_LEFT, REFERENCE_LEFT] = [1, 2]

/**
 * All trees in one set of columns. The reference’s way is the next node, `apart` the first of the other way: most of a walk
 * reads memory in order. `split` is the feature above two bits, −1 for a leaf, whose `apart` is its place in `value`.
 */
function flatten(trees: readonly Tree[], reference: Float32Array) {
  const size = trees.reduce((sum, tree) => sum + tree.left.length, 0)
  const columns = {
    roots: new Int32Array(trees.length),
    split: new Int32Array(size),
    threshold: new Float64Array(size),
    apart: new Int32Array(size),
    value: new Float64Array(size)
  }
  let [next, leaves, deepest] = [0, 0, 0]
  const place = (tree: Tree, node: number, depth: number): void => {
    const at = next++
    const [left, right] = [tree.left[node] as number, tree.right[node] as number]
    deepest = Math.max(deepest, depth)
    if (left < 0) {
      columns.split[at] = -1
      columns.apart[at] = leaves
      columns.value[leaves++] = tree.value[node] as number
      return
    }
    const isLeft = goesLeft(tree, node, reference)
    const bits = (tree.missingLeft[node] ? MISSING_LEFT : 0) | (isLeft ? REFERENCE_LEFT : 0)
    columns.split[at] = ((tree.feature[node] as number) << 2) | bits
    columns.threshold[at] = tree.threshold[node] as number
    place(tree, isLeft ? left : right, depth + 1)
    columns.apart[at] = next
    place(tree, isLeft ? right : left, depth + 1)
  }
  trees.forEach((tree, index) => {
    columns.roots[index] = next
    place(tree, 0, 0)
  })
  return { ...columns, deepest }
}

/** (inside−1)!·outside!/(inside+outside)! at inside·(deepest+1)+outside; 0 where no feature is inside. */
function leafWeights(deepest: number): Float64Array {
  const stride = deepest + 1
  const weights = new Float64Array(stride * stride)
  for (let outside = 0; outside <= deepest; outside++) {
    let weight = 1 / (outside + 1)
    for (let inside = 1; inside <= deepest; inside++) {
      weights[inside * stride + outside] = weight
      weight *= inside / (inside + outside + 1)
    }
  }
  return weights
}

function goesLeft(tree: Tree, node: number, values: Float32Array): boolean {
  const value = values[tree.feature[node] as number] as number
  return Number.isNaN(value) ? (tree.missingLeft[node] as boolean) : value < (tree.threshold[node] as number)
}

/** The margin of a row, summed as the runtime does: float32 additions in tree order. The oracle and the fallback. */
export function treeMargin(trees: readonly Tree[], values: Float32Array): number {
  let margin = 0
  for (const tree of trees) {
    let node = 0
    while ((tree.left[node] as number) >= 0) {
      node = (goesLeft(tree, node, values) ? tree.left[node] : tree.right[node]) as number
    }
    margin = Math.fround(margin + (tree.value[node] as number))
  }
  return margin
}
