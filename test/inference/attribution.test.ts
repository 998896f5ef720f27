import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAttribution, treeMargin } from '../../src/inference/attribution.ts'
import { loadModel, modelFolder } from '../../src/inference/model.ts'
import type { Tree } from '../../src/inference/protocol.ts'
import { plainAttribution } from './plain-attribution.ts'

const FEATURES = 5

type Node = number | { feature: number; threshold: number; missingLeft: boolean; left: Node; right: Node }

const leaf = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 64)
/** Few thresholds, so that rows meet them, and few features, so that paths meet one twice. */
const nodesTo = (maxDepth: number) =>
  fc.letrec<{ tree: Node; split: Node }>((tie) => ({
    tree: fc.oneof({ maxDepth, withCrossShrink: true }, leaf, tie('split')),
    split: fc.record({
      feature: fc.nat({ max: FEATURES - 1 }),
      threshold: fc.integer({ min: -3, max: 3 }),
      missingLeft: fc.boolean(),
      left: tie('tree'),
      right: tie('tree')
    })
  }))
const { tree: nodes } = nodesTo(4)
const value = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constant(Number.NaN), fc.constant(-0))
const rows = fc.array(value, { minLength: FEATURES, maxLength: FEATURES }).map((values) => Float32Array.from(values))

/** Columns as the scoring thread has them: a child always has a higher number than its parent. */
function toColumns(root: Node): Tree {
  const nodes: Node[] = [root]
  const children: [number, number][] = []
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at] as Node
    if (typeof node === 'number') children.push([-1, -1])
    else children.push([nodes.push(node.left) - 1, nodes.push(node.right) - 1])
  }
  return {
    feature: nodes.map((node) => (typeof node === 'number' ? 0 : node.feature)),
    threshold: nodes.map((node) => (typeof node === 'number' ? 0 : node.threshold)),
    left: children.map(([left]) => left),
    right: children.map(([, right]) => right),
    missingLeft: nodes.map((node) => typeof node !== 'number' && node.missingLeft),
    value: nodes.map((node) => (typeof node === 'number' ? node : 0))
  }
}

function evaluate(node: Node, at: (feature: number) => number): number {
  if (typeof node === 'number') return node
  const value = at(node.feature)
  const left = Number.isNaN(value) ? node.missingLeft : value < node.threshold
  return evaluate(left ? node.left : node.right, at)
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))

/** The definition: over every coalition without a feature, what the feature adds, weighted. */
function shapley(trees: readonly Node[], row: Float32Array, reference: Float32Array): number[] {
  const worth = (coalition: number) =>
    trees.reduce<number>(
      (sum, tree) =>
        sum + evaluate(tree, (at) => ((coalition >> at) & 1 ? (row[at] as number) : (reference[at] as number))),
      0
    )
  return Array.from({ length: FEATURES }, (_, feature) => {
    let sum = 0
    for (let coalition = 0; coalition < 1 << FEATURES; coalition++) {
      if ((coalition >> feature) & 1) continue
      const size = coalition.toString(2).replaceAll('0', '').length
      const weight = (factorial(size) * factorial(FEATURES - size - 1)) / factorial(FEATURES)
      sum += weight * (worth(coalition | (1 << feature)) - worth(coalition))
    }
    return sum
  })
}

const cases = fc.tuple(fc.array(nodes, { minLength: 1, maxLength: 4 }), rows, rows)

function attribute(trees: readonly Node[], row: Float32Array, reference: Float32Array): Float64Array {
  const into = new Float64Array(FEATURES).fill(99)
  createAttribution(trees.map(toColumns), reference, FEATURES)(row, into)
  return into
}

describe('attribution', () => {
  test('is the Shapley value of every feature, by its definition, missing values included', () => {
    fc.assert(
      fc.property(cases, ([trees, row, reference]) => {
        const expected = shapley(trees, row, reference)
        attribute(trees, row, reference).forEach((contribution, feature) => {
          expect(Math.abs(contribution - (expected[feature] as number))).toBeLessThan(1e-9)
        })
      }),
      { numRuns: 400 }
    )
  })

  test('adds up to the margin of the row less that of the reference', () => {
    fc.assert(
      fc.property(cases, ([trees, row, reference]) => {
        const marginOf = (of: Float32Array) =>
          trees.reduce<number>((sum, tree) => sum + evaluate(tree, (at) => of[at] as number), 0)
        const sum = attribute(trees, row, reference).reduce((total, contribution) => total + contribution, 0)
        expect(Math.abs(sum - (marginOf(row) - marginOf(reference)))).toBeLessThan(1e-9)
        expect(Math.abs(treeMargin(trees.map(toColumns), row) - marginOf(row)), 'in float32').toBeLessThan(1e-3)
      }),
      { numRuns: 400 }
    )
  })

  test('is the same to the bit every time, whatever was explained before', () => {
    fc.assert(
      fc.property(cases, rows, ([trees, row, reference], other) => {
        const explain = createAttribution(trees.map(toColumns), reference, FEATURES)
        const [first, between, second] = [0, 0, 0].map(() => new Float64Array(FEATURES)) as [
          Float64Array,
          Float64Array,
          Float64Array
        ]
        explain(row, first)
        explain(other, between)
        explain(row, second)
        expect(Buffer.from(second.buffer).equals(Buffer.from(first.buffer))).toBe(true)
        expect(first).toEqual(attribute(trees, row, reference))
      })
    )
  })

  test('gives nothing to a feature that does not matter, and nothing at all to the reference itself', () => {
    fc.assert(
      fc.property(cases, ([trees, row, reference]) => {
        expect([...attribute(trees, reference, reference)]).toEqual(Array(FEATURES).fill(0))
        const contributions = attribute(trees, row, reference)
        for (let feature = 0; feature < FEATURES; feature++) {
          if (Object.is(row[feature], reference[feature])) expect(contributions[feature]).toBe(0)
        }
      })
    )
  })

  test('treats alike what is alike: a duplicated tree doubles every contribution', () => {
    fc.assert(
      fc.property(nodes, rows, rows, (tree, row, reference) => {
        const [once, twice] = [attribute([tree], row, reference), attribute([tree, tree], row, reference)]
        once.forEach((contribution, feature) => {
          expect(twice[feature]).toBeCloseTo(2 * contribution, 9)
        })
      })
    )
  })

  test('is what the plain walk gives, on deep trees that meet a feature again and again', () => {
    const { tree: deep } = nodesTo(9)
    fc.assert(
      fc.property(fc.array(deep, { minLength: 1, maxLength: 3 }), rows, rows, (trees, row, reference) => {
        const plain = plainAttribution(trees.map(toColumns), row, reference)
        attribute(trees, row, reference).forEach((contribution, feature) => {
          expect(Math.abs(contribution - (plain[feature] as number))).toBeLessThan(1e-9)
        })
      }),
      { numRuns: 300 }
    )
  })
})

interface Learnt {
  readonly reference: readonly (number | null)[]
  readonly trees: readonly Tree[]
  readonly rows: readonly (readonly (number | null)[])[]
  readonly contributions: readonly (readonly number[])[]
  readonly referenceMargin: number
}

const toRow = (values: readonly (number | null)[]) => Float32Array.from(values, (value) => value ?? Number.NaN)
const learnt = JSON.parse(
  readFileSync(new URL('../fixtures/attribution/xgboost.json', import.meta.url), 'utf8')
) as Learnt

describe('attribution of trees that XGBoost learnt', () => {
  const reference = toRow(learnt.reference)
  const explain = createAttribution(learnt.trees, reference, reference.length)

  test('is XGBoost’s own, where its training rows weigh as the reference goes (test/fixtures/attribution/make.py)', () => {
    expect(treeMargin(learnt.trees, reference)).toBeCloseTo(learnt.referenceMargin, 6)
    const into = new Float64Array(reference.length)
    learnt.rows.forEach((row, index) => {
      explain(toRow(row), into)
      into.forEach((contribution, feature) => {
        const own = learnt.contributions[index]?.[feature] as number
        expect(Math.abs(contribution - own), `row ${index}, feature ${feature}`).toBeLessThan(2e-6)
      })
    })
  })

  test('is the same to the bit in another thread', async () => {
    const given = learnt.rows.map(toRow)
    const worker = new Worker(new URL('../fixtures/workers/attributes.ts', import.meta.url), {
      workerData: { trees: learnt.trees, reference, rows: given }
    })
    const [there] = (await once(worker, 'message')) as [Float64Array]
    const here = new Float64Array(given.length * reference.length)
    given.forEach((row, index) => {
      explain(row, here.subarray(index * row.length, (index + 1) * row.length))
    })
    expect(here.some((contribution) => contribution !== 0)).toBe(true)
    expect(Buffer.from(there.buffer).equals(Buffer.from(here.buffer))).toBe(true)
  })
})

describe('attribution of the shipped models', () => {
  const MODELS = new URL('../../models/', import.meta.url)

  test.each(['credit', 'early-warning', 'fraud'] as const)(
    'adds up within 1e-6 on every golden row of %s',
    async (role) => {
      const { scorerData, golden } = await loadModel(modelFolder(MODELS, role, '1.0.0'))
      const { trees, reference, inputCount } = scorerData
      const explain = createAttribution(trees, reference, inputCount)
      const marginOf = (row: Float32Array) => trees.reduce((sum, tree) => sum + treeMargin([tree], row), 0)
      const into = new Float64Array(inputCount)
      for (const row of golden.rows.map(toRow)) {
        explain(row, into)
        const sum = into.reduce((total, contribution) => total + contribution, 0)
        expect(Math.abs(sum - (marginOf(row) - marginOf(reference)))).toBeLessThan(1e-6)
        const plain = plainAttribution(trees, row, reference)
        into.forEach((contribution, feature) => {
          expect(Math.abs(contribution - (plain[feature] as number))).toBeLessThan(1e-9)
        })
      }
    }
  )
})
