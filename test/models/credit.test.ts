import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { treeMargin } from '../../src/inference/attribution.ts'
import { activeModelFolder, loadModel, type VerifiedModel } from '../../src/inference/model.ts'
import { createScorerPool } from '../../src/inference/pool.ts'

const MODELS = new URL('../../models/', import.meta.url)
const PROTECTED = /age|employment|education|account|device|ip\.|region/
const STEPS = 12

let model: VerifiedModel
let session: InferenceSession

beforeAll(async () => {
  model = await loadModel(await activeModelFolder(MODELS, 'credit'))
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  session = await InferenceSession.create(model.scorerData.modelBytes, options)
})

describe('the credit model that serves', () => {
  test('asks for features that the catalogue has, within the catalogue’s ranges', () => {
    const inputs = model.manifest.inputs.map(({ name }) => name)
    expect(() => createVectorPicker(createFeatureSet(CATALOGUE).names, inputs)).not.toThrow()
    for (const { name, range } of model.manifest.inputs)
      expect(range, name).toStrictEqual([...(CATALOGUE.find((feature) => feature.name === name)?.range ?? [])])
  })

  test('reads nothing about age, employment, education, account or device', () => {
    for (const { name } of model.manifest.inputs) expect(name.replace('application', '')).not.toMatch(PROTECTED)
  })

  test('is proven by every thread of a pool and then scores its golden rows to the bit, whatever the batch', async () => {
    const { golden } = model
    expect(golden.rows.length).toBeGreaterThanOrEqual(64)
    const limits = { maxBatchRows: 16, maxQueuedRows: 1000, explainFromPd: 1, onBatch: () => {}, onFault: () => {} }
    const pool = await createScorerPool({ model, threads: 2, ...limits })
    const outcomes = await Promise.all(goldenRows().map((row) => pool.score(row, performance.now() + 10_000)))
    await pool.close()
    expect(outcomes.map((outcome) => outcome.kind === 'scored' && outcome.pd)).toStrictEqual(golden.pd)
  })

  test('has golden rows with each input missing', () => {
    model.manifest.inputs.forEach(({ name }, column) => {
      expect(
        model.golden.rows.some((row) => row[column] === null),
        name
      ).toBe(true)
    })
  })

  test('gives the margin that its trees add up to, to the bit', async () => {
    const rows = [...goldenRows(), ...randomRows(500)]
    const margins = await marginsOf(rows)
    rows.forEach((row, index) => {
      expect(treeMargin(model.scorerData.trees, row), `row ${index}`).toBe(margins[index])
    })
  })

  test('never moves its probability against the direction that the card gives for an input', async () => {
    const { monotone } = model.manifest.training as { monotone: Record<string, number> }
    for (const [column, { name }] of model.manifest.inputs.entries()) {
      const values = ladder(column)
      const rows = randomRows(20).flatMap((row) => values.map((value) => row.with(column, value)))
      const margins = await marginsOf(rows)
      const steps = margins.map((margin, index) =>
        index % values.length === 0 ? 0 : Math.sign(margin - (margins[index - 1] as number))
      )
      expect([1, -1], name).toContain(monotone[name])
      expect(new Set(steps), name).not.toContain(-(monotone[name] as number))
    }
  })

  test('adds at least 0.05 AUC to the application’s own fields out of time, at the low end of the interval', () => {
    const { metrics } = model.manifest.training as { metrics: Record<string, { aucInterval: [number, number] }> }
    expect(metrics.lift?.aucInterval[0]).toBeGreaterThan(0.05)
    expect(metrics.liftWithoutTerm?.aucInterval[0]).toBeGreaterThan(0.05)
  })
})

function goldenRows(): Float32Array[] {
  return model.golden.rows.map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
}

/** Rows put together from the golden rows’ values, column by column: every threshold’s neighbourhood occurs. */
function randomRows(count: number): Float32Array[] {
  const rows = goldenRows()
  let state = 7
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
  return Array.from({ length: count }, () =>
    Float32Array.from(
      model.manifest.inputs,
      (_, column) => rows[Math.floor(next() * rows.length)]?.[column] ?? Number.NaN
    )
  )
}

/** Rising values of one input: the ends of its range and around the thresholds that split on it. */
function ladder(column: number): number[] {
  const [low, high] = model.manifest.inputs[column]?.range ?? [0, 0]
  const thresholds = model.scorerData.trees.flatMap(({ feature, threshold, left }) =>
    threshold.filter((_, node) => feature[node] === column && (left[node] as number) >= 0)
  )
  const distinct = [...new Set(thresholds)].sort((left, right) => left - right)
  const every = Math.max(1, Math.floor(distinct.length / STEPS))
  return [low, ...distinct.filter((_, index) => index % every === 0), high]
}

async function marginsOf(rows: readonly Float32Array[]): Promise<number[]> {
  const width = model.manifest.inputs.length
  const flat = new Float32Array(rows.length * width)
  rows.forEach((row, index) => {
    flat.set(row, index * width)
  })
  const { margin } = await session.run({ features: new Tensor('float32', flat, [rows.length, width]) }, ['margin'])
  return Array.from(margin?.data as Float32Array)
}
