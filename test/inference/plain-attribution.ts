import type { Tree } from '../../src/inference/protocol.ts'

/**
 * The walk of src/inference/attribution.ts as its definition reads: trees as they are, every leaf credits every feature
 * met on the way to it, factorials worked out each time. The oracle where there are too many features for coalitions.
 */
export function plainAttribution(trees: readonly Tree[], row: Float32Array, reference: Float32Array): number[] {
  const result = Array.from(row, () => 0)
  const goesLeft = (tree: Tree, node: number, values: Float32Array): boolean => {
    const value = values[tree.feature[node] as number] as number
    return Number.isNaN(value) ? (tree.missingLeft[node] as boolean) : value < (tree.threshold[node] as number)
  }
  const walk = (tree: Tree, node: number, sides: ReadonlyMap<number, 'in' | 'out'>): void => {
    const left = tree.left[node] as number
    if (left < 0) {
      const inside = [...sides.values()].filter((side) => side === 'in').length
      const outside = sides.size - inside
      for (const [feature, side] of sides) {
        const weight =
          side === 'in'
            ? (factorial(inside - 1) * factorial(outside)) / factorial(sides.size)
            : -(factorial(inside) * factorial(outside - 1)) / factorial(sides.size)
        result[feature] = (result[feature] as number) + weight * (tree.value[node] as number)
      }
      return
    }
    const right = tree.right[node] as number
    const feature = tree.feature[node] as number
    const [rowChild, referenceChild] = [row, reference].map((of) => (goesLeft(tree, node, of) ? left : right)) as [
      number,
      number
    ]
    const side = sides.get(feature)
    if (rowChild === referenceChild || side === 'in') walk(tree, rowChild, sides)
    else if (side === 'out') walk(tree, referenceChild, sides)
    else {
      walk(tree, rowChild, new Map(sides).set(feature, 'in'))
      walk(tree, referenceChild, new Map(sides).set(feature, 'out'))
    }
  }
  for (const tree of trees) walk(tree, 0, new Map())
  return result
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
