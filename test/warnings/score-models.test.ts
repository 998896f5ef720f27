import { expect, onTestFinished, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { loadModel } from '../../src/inference/model.ts'
import { createScorerPool } from '../../src/inference/pool.ts'
import { isScorable } from '../../src/warnings/model-score.ts'
import { createScoreModels } from '../../src/warnings/score-models.ts'

const MODELS = new URL('../../models/', import.meta.url)
const { names } = createFeatureSet(CATALOGUE)

test('both shipped models say in one task what they say alone, of whom they were made for and nobody else', async () => {
  const [earlyWarning, credit] = await Promise.all([
    loadModel(new URL('early-warning/1.0.0/', MODELS)),
    loadModel(new URL('credit/1.1.0/', MODELS))
  ])
  const scorer = await createScorerPool({
    model: earlyWarning,
    fraud: { model: credit, explainFromPd: Number.POSITIVE_INFINITY },
    threads: 1,
    maxBatchRows: 8,
    maxQueuedRows: 64,
    explainFromPd: Number.POSITIVE_INFINITY,
    onBatch: () => {},
    onFault: () => {}
  })
  onTestFinished(() => scorer.close())
  const monotonicMs = () => performance.now()
  const score = createScoreModels({ scorer, earlyWarning, credit, featureNames: names, monotonicMs, deadlineMs: 5000 })
  // Golden rows have impossible values as well.
  const usable = ({ manifest, golden }: typeof credit, who: Application) =>
    golden.rows.findIndex((row) =>
      isScorable(
        manifest,
        who,
        Float32Array.from(row, (value) => value ?? Number.NaN)
      )
    )
  const valuesOf = ({ manifest, golden }: typeof credit, at: number) => {
    const row = golden.rows[at] ?? []
    const known = new Map(manifest.inputs.map(({ name }, index) => [name, row[index] ?? Number.NaN]))
    return Float64Array.from(names, (name) => known.get(name) ?? Number.NaN)
  }
  const borrower = (product: 'cash' | 'consumer', currency: 'NGN' | 'TWD') => ({ product, currency }) as Application

  const [carded, cash] = [borrower('consumer', 'TWD'), borrower('cash', 'NGN')]
  const [ofEarly, ofCredit] = [usable(earlyWarning, carded), usable(credit, cash)]
  expect(await score(carded, valuesOf(earlyWarning, ofEarly))).toEqual({
    'early-warning': Math.fround(earlyWarning.golden.pd[ofEarly] as number)
  })
  expect(await score(cash, valuesOf(credit, ofCredit))).toEqual({
    credit: Math.fround(credit.golden.pd[ofCredit] as number)
  })
  expect(await score(borrower('consumer', 'NGN'), valuesOf(credit, ofCredit))).toEqual({})
  // Without a bill there is no score of bills.
  expect(await score(carded, new Float64Array(names.length).fill(Number.NaN))).toEqual({})
})
