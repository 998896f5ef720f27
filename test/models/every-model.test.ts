import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { loadModel, type VerifiedModel } from '../../src/inference/model.ts'
import type { Tree } from '../../src/inference/protocol.ts'
import {
  additivityProblems,
  createScoreRows,
  directionProblems,
  everyModelFolder,
  parityProblems,
  type ScoreRows
} from './suite.ts'

describe.each(everyModelFolder())('$name', ({ folder }) => {
  test('asks for features that the catalogue has, within the catalogue’s ranges', async () => {
    const { manifest } = await loadModel(folder)
    const inputs = manifest.inputs.map(({ name }) => name)
    expect(() => createVectorPicker(createFeatureSet(CATALOGUE).names, inputs)).not.toThrow()
    for (const { name, range } of manifest.inputs)
      expect(range, name).toStrictEqual([...(CATALOGUE.find((feature) => feature.name === name)?.range ?? [])])
  })

  test('has golden rows enough, and one with each input missing', async () => {
    const { manifest, golden } = await loadModel(folder)
    expect(golden.rows.length).toBeGreaterThanOrEqual(64)
    for (const [column, { name }] of manifest.inputs.entries())
      expect(
        golden.rows.some((row) => row[column] === null),
        name
      ).toBe(true)
  })

  test('is the same in network, trees and golden rows, to the bit, and decides the same at every cut-off', async () => {
    const model = await loadModel(folder)
    expect(await parityProblems(model, await createScoreRows(model.scorerData))).toEqual([])
  })

  test('never moves against the direction in which a reason is true', async () => {
    expect(directionProblems(await loadModel(folder))).toEqual([])
  })

  test('has contributions that add up to the margin', async () => {
    expect(additivityProblems(await loadModel(folder))).toEqual([])
  })

  test('tells what drift is measured against: shares of every bin of score and inputs', async () => {
    const { manifest } = await loadModel(folder)
    // 1.0.0 of credit is older than that.
    if (manifest.drift === undefined) return expect(`${manifest.name} ${manifest.version}`).toBe('credit 1.0.0')
    expect(manifest.drift.inputs.map(({ name }) => name)).toEqual(manifest.inputs.map(({ name }) => name))
    for (const { edges, shares } of [manifest.drift.score, ...manifest.drift.inputs]) {
      expect(shares).toHaveLength(edges.length + 1)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
      expect(edges).toEqual([...new Set(edges)].sort((left, right) => left - right))
    }
  })

  test('is refused with one bit flipped in any file that the gateway reads', async () => {
    const model = await loadModel(folder)
    const files = Object.keys(model.manifest.files).filter((file) => file !== 'scorecard.json' || 'scorecard' in model)
    for (const file of files) {
      const copy = await copyOf(folder)
      const path = join(fileURLToPath(copy), file)
      const bytes = await readFile(path)
      const at = bytes.length >> 1
      await writeFile(path, bytes.with(at, (bytes[at] as number) ^ 1))
      await expect(loadModel(copy), file).rejects.toMatchObject({ code: 'model_invalid' })
      await writeFile(path, bytes)
      await expect(loadModel(copy), file).resolves.toBeDefined()
    }
  })

  test('would be found out with one threshold shifted to the next float, even if the hashes were made anew', async () => {
    const model = await loadModel(folder)
    const score = await createScoreRows(model.scorerData)
    const shifted = withSecondTree(model, (tree) => ({
      ...tree,
      threshold: tree.threshold.with(0, nextUp(tree.threshold[0]))
    }))
    expect(await parityProblems(shifted, score)).not.toEqual([])
  })

  test('would be found out with two columns swapped', async () => {
    const model = await loadModel(folder)
    const score = await createScoreRows(model.scorerData)
    const swapped: ScoreRows = (rows) =>
      score(rows.map((row) => Float32Array.of(...row.slice(0, 2).reverse(), ...row.slice(2))))
    expect(await parityProblems(model, swapped)).not.toEqual([])
  })

  test('would be found out with a tree that turns a direction around', async () => {
    const model = await loadModel(folder)
    const turned = withSecondTree(model, (tree) => ({ ...tree, value: tree.value.map((value) => -10 * value) }))
    expect(directionProblems(turned)).not.toEqual([])
  })

  test('would be found out with reasons from other trees or another reference than those that score', async () => {
    const model = await loadModel(folder)
    const { trees, reference } = model.scorerData
    expect(additivityProblems(model, { ...model.scorerData, trees: trees.toSpliced(1, 1) })).not.toEqual([])
    const other = reference.with(0, Number.NaN).with(1, 1000)
    expect(additivityProblems(model, { ...model.scorerData, reference: other })).not.toEqual([])
  })
})

/** The first tree is a constant; the second one’s root is met by every row. */
function withSecondTree(model: VerifiedModel, change: (tree: Tree) => Tree): VerifiedModel {
  const trees = model.scorerData.trees.map((tree, index) => (index === 1 ? change(tree) : tree))
  return { ...model, scorerData: { ...model.scorerData, trees } }
}

/** The next float32 above a number that is one. */
function nextUp(value = 0): number {
  const bits = new Int32Array(1)
  const float = new Float32Array(bits.buffer)
  float[0] = value
  bits[0] = value === 0 ? 1 : (bits[0] as number) + (value > 0 ? 1 : -1)
  return float[0]
}

async function copyOf(folder: URL): Promise<URL> {
  const parent = await mkdtemp(join(tmpdir(), 'assay-model-'))
  onTestFinished(() => rm(parent, { recursive: true }))
  await cp(folder, join(parent, 'copy'), { recursive: true })
  return pathToFileURL(join(parent, 'copy/'))
}
