import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../../src/inference/model.ts'
import { createScorerPool } from '../../src/inference/pool.ts'
import { everyModelFolder } from './suite.ts'

const PROTECTED = /age|employment|education|account|device|ip\.|region/

interface Measured {
  readonly auc: number
  readonly aucInterval: [low: number, high: number]
}
interface Training {
  readonly metrics: Record<string, Measured>
}

const folders = everyModelFolder().filter(({ name }) => name.startsWith('credit'))
const since110 = folders.filter(({ name }) => name !== 'credit 1.0.0')

describe.each(folders)('$name', ({ folder }) => {
  test('reads nothing about age, employment, education, account or device', async () => {
    for (const { name } of (await loadModel(folder)).manifest.inputs)
      expect(name.replace('application', '')).not.toMatch(PROTECTED)
  })

  test('is proven by every thread of a pool and then scores its golden rows to the bit, whatever the batch', async () => {
    const model = await loadModel(folder)
    const limits = { maxBatchRows: 16, maxQueuedRows: 1000, explainFromPd: 1, onBatch: () => {}, onFault: () => {} }
    const pool = await createScorerPool({ model, threads: 2, ...limits })
    const rows = model.golden.rows.map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
    const outcomes = await Promise.all(rows.map((row) => pool.score(row, performance.now() + 10_000)))
    await pool.close()
    expect(outcomes.map((outcome) => outcome.kind === 'scored' && outcome.pd)).toStrictEqual(model.golden.pd)
  })

  test('adds at least 0.05 AUC to the application’s own fields out of time, at the low end of the interval', async () => {
    const { metrics } = (await loadModel(folder)).manifest.training as unknown as Training
    expect(metrics.lift?.aucInterval[0]).toBeGreaterThan(0.05)
    expect(metrics.liftWithoutTerm?.aucInterval[0]).toBeGreaterThan(0.05)
  })
})

describe.each(since110)('$name, measured out of time', ({ folder }) => {
  const metrics = async () => ((await loadModel(folder)).manifest.training as unknown as Training).metrics

  test('has an AUC of at least 0.70, and at least 0.08 more than the application’s own fields', async () => {
    const { test: outOfTime, liftWithoutTerm } = await metrics()
    expect(outOfTime?.auc).toBeGreaterThanOrEqual(0.7)
    expect(liftWithoutTerm?.auc).toBeGreaterThanOrEqual(0.08)
  })

  test('has at least 0.01 more than the scorecard, or its card says why not', async () => {
    const { liftOverScorecard } = await metrics()
    const card = await readFile(new URL('card.md', folder), 'utf8')
    expect((liftOverScorecard?.auc ?? 0) >= 0.01 || card.includes('That is less than the 0.01 wanted')).toBe(true)
  })

  test('says that it learnt from more than its measurement did, and how often the test part was looked at', async () => {
    const { training } = (await loadModel(folder)).manifest
    expect(training).toMatchObject({
      measuredRecipeBefore: expect.any(String),
      refit: expect.stringContaining('all rows')
    })
    expect(await readFile(new URL('card.md', folder), 'utf8')).toMatch(/The second part was scored \w+ times?\b/)
  })

  test('stays cheap to explain: at most 200 trees, and at most three inputs asked on any way through one', async () => {
    const { trees } = (await loadModel(folder)).scorerData
    expect(trees.length - 1).toBeLessThanOrEqual(200)
    for (const { feature, left } of trees)
      expect(new Set(feature.filter((_, node) => (left[node] as number) >= 0)).size).toBeLessThanOrEqual(3)
  })
})
