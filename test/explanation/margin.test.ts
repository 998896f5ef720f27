import { globSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { attribute, PD_TOLERANCE, treePd } from '../../src/explanation/margin.ts'
import { loadModel } from '../../src/inference/model.ts'
import { MODELS } from './decided.ts'

const FOLDERS = globSync('*/*/manifest.json', { cwd: MODELS.pathname }).map((file) => file.replace('manifest.json', ''))

describe.each(FOLDERS)('of %s', (folder) => {
  test('the probability of the trees is that of the network within the tolerance, on every golden row', async () => {
    const { golden, scorerData } = await loadModel(new URL(folder, MODELS))
    expect(golden.rows.length).toBeGreaterThan(50)
    const distances = golden.rows.map((row, index) => {
      const vector = Float32Array.from(row, (value) => value ?? Number.NaN)
      return Math.abs(treePd(scorerData.trees, vector) - (golden.pd[index] as number))
    })
    // A fifth of what is allowed: the tolerance has room for another processor.
    expect(Math.max(...distances)).toBeLessThan(PD_TOLERANCE / 5)
  })

  test('the contributions of every golden row add up to the margin, and the margin is that of the probability', async () => {
    const model = await loadModel(new URL(folder, MODELS))
    for (const row of model.golden.rows) {
      const vector = Float32Array.from(row, (value) => value ?? Number.NaN)
      const { contributions, margin, referenceMargin } = attribute(model, vector, null)
      const sum = contributions.reduce((total, contribution) => total + contribution, referenceMargin)
      expect(Math.abs(sum - margin)).toBeLessThan(1e-6)
      expect(Math.abs(1 / (1 + Math.exp(-margin)) - treePd(model.scorerData.trees, vector))).toBeLessThan(PD_TOLERANCE)
    }
  })
})
