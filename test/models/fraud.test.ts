import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { SCENARIOS } from '../../load-tests/simulator/assumptions.ts'
import type { SimulatedItem, Truth } from '../../load-tests/simulator/scene.ts'
import { createSimulator } from '../../load-tests/simulator/simulator.ts'
import { OFFLINE_TENANT, OFFLINE_TOKEN_KEY } from '../../src/cli/history-files.ts'
import { submittedEvent } from '../../src/decisions/decide.ts'
import { type DecisionRequest, PRODUCTS } from '../../src/domain/application.ts'
import type { AssayEvent } from '../../src/domain/event.ts'
import { rankMetrics } from '../../src/domain/model-metrics.ts'
import { CURRENCIES } from '../../src/domain/money.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createOfflineBehaviour, replay } from '../../src/features/offline.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { treeMargin } from '../../src/inference/attribution.ts'
import { loadModel, modelFolder, type VerifiedModel } from '../../src/inference/model.ts'

const MODELS = new URL('../../models/', import.meta.url)
const FOLDER = modelFolder(MODELS, 'fraud', '1.0.0')
const NOTICE = 'trained on simulated data'
const DAY_MS = 86_400_000
const STEPS = 12
const START_MS = Date.UTC(2026, 5, 1)
/** Of another seed than those it learnt from. */
const PEOPLE = { seed: 11, assumptions: SCENARIOS.training, startMs: START_MS, days: 45, applicants: 15_000 }
const BARE = {
  applicationId: 'bare-1',
  applicantId: 'nobody-1',
  product: 'cash',
  amountMinor: 1_000_000,
  currency: 'NGN',
  term: { count: 30, unit: 'day' },
  purpose: 'other',
  applicant: {}
} as const
const NOBODY: Truth = {
  actor: 'nobody',
  persona: 'honest',
  isFraud: false,
  isCareful: false,
  outcome: 'good',
  hiddenRisk: 0,
  network: undefined
}

let model: VerifiedModel
let session: InferenceSession
const inputs = () => model.manifest.inputs.map(({ name }) => name)

beforeAll(async () => {
  model = await loadModel(FOLDER)
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  session = await InferenceSession.create(model.scorerData.modelBytes, options)
})

describe('the fraud model', () => {
  test('says wherever it is that it was trained on simulated data', async () => {
    expect(model.manifest.notice).toBe(NOTICE)
    const card = await readFile(new URL('card.md', FOLDER), 'utf8')
    expect(card.split('\n').slice(0, 3).join('\n')).toContain(NOTICE)
    expect(Buffer.from(model.scorerData.modelBytes).includes(NOTICE)).toBe(true)
  })

  test('reads nothing about credit, and credit nothing that it reads', async () => {
    const credit = (await loadModel(modelFolder(MODELS, 'credit', '1.0.0'))).manifest.inputs.map(({ name }) => name)
    for (const name of inputs()) {
      const feature = CATALOGUE.find((each) => each.name === name)
      expect(feature, name).toBeDefined()
      expect(feature?.legal, name).not.toContain('financial')
      expect(feature?.legal, name).not.toContain('age')
      expect(credit).not.toContain(name)
    }
  })

  test('gives reasons of fraud alone: device, linkage and velocity', () => {
    expect(new Set(model.manifest.inputs.map(({ group }) => group))).toEqual(new Set(['R501', 'R502', 'R503']))
  })

  test('speaks of every product and currency', () => {
    const { products, currencies } = model.manifest.population
    expect(products.toSorted()).toEqual([...PRODUCTS].sort())
    expect(currencies.toSorted()).toEqual([...CURRENCIES].sort())
  })

  test('is small, because every decision scores it: at most 100 trees, at most three questions deep', () => {
    const { trees } = model.scorerData
    // The first tree is the base margin.
    expect(trees.length - 1).toBeLessThanOrEqual(100)
    for (const { left, right } of trees) expect(depthOf(left, right)).toBeLessThanOrEqual(3)
  })

  test('uses each of its inputs', () => {
    const { trees } = model.scorerData
    const used = new Set(trees.flatMap(({ feature, left }) => feature.filter((_, node) => (left[node] as number) >= 0)))
    expect(inputs().filter((_, column) => !used.has(column))).toEqual([])
  })

  test('scores its golden rows to the bit, and as its trees add up', async () => {
    const rows = model.golden.rows.map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
    expect(rows.length).toBeGreaterThanOrEqual(64)
    const { pd, margin } = await run(rows)
    expect(pd).toStrictEqual(model.golden.pd)
    rows.forEach((row, index) => {
      expect(treeMargin(model.scorerData.trees, row), `row ${index}`).toBe(margin[index])
    })
  })

  test('never moves against the direction in which a reason is true', async () => {
    const { monotone } = model.manifest.training as { monotone: Record<string, number> }
    const base = model.golden.rows.slice(0, 20).map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
    for (const [column, name] of inputs().entries()) {
      const values = ladder(column)
      const { margin } = await run(base.flatMap((row) => values.map((value) => row.with(column, value))))
      const steps = margin.map((value, index) =>
        index % values.length === 0 ? 0 : Math.sign(value - (margin[index - 1] as number))
      )
      expect([1, -1], name).toContain(monotone[name])
      expect(new Set(steps), name).not.toContain(-(monotone[name] as number))
    }
  })
})

describe('the fraud model on people it never saw', () => {
  const marginsOf = (truths: readonly Scored[], is: (each: Scored) => boolean) =>
    truths.filter(is).map(({ margin }) => margin)
  const shareAbove = (margins: readonly number[], cut: number) =>
    margins.filter((margin) => margin >= cut).length / margins.length
  let scored: Scored[]

  beforeAll(() => {
    scored = score(createSimulator(PEOPLE).items())
  })

  test('tells frauds from honest people, and not perfectly: what is simulated is no trivial task', () => {
    const frauds = scored.map(({ isFraud }) => isFraud)
    const auc = rankMetrics(
      scored.map(({ margin }) => margin),
      frauds
    )?.auc
    expect(auc).toBeGreaterThan(0.85)
    expect(auc).toBeLessThan(0.99)
  })

  test('finds most device farms among the highest twentieth and leaves nearly all honest people alone', () => {
    const cut = scored.map(({ margin }) => margin).toSorted((left, right) => right - left)[
      Math.floor(scored.length / 20)
    ] as number
    expect(
      shareAbove(
        marginsOf(scored, ({ persona, isFraud }) => isFraud && persona === 'device-farm'),
        cut
      )
    ).toBeGreaterThan(0.5)
    expect(
      shareAbove(
        marginsOf(scored, ({ persona }) => persona === 'honest'),
        cut
      )
    ).toBeLessThan(0.03)
    // Families and cafés pay for it that they share devices; no more than this is known and in the card.
    expect(
      shareAbove(
        marginsOf(scored, ({ persona }) => persona === 'family'),
        cut
      )
    ).toBeLessThan(0.15)
    expect(
      shareAbove(
        marginsOf(scored, ({ persona }) => persona === 'cafe'),
        cut
      )
    ).toBeLessThan(0.3)
  })

  test('scores an application of which nothing else is known like most: not knowing is no ground for suspicion', () => {
    const request: DecisionRequest = { ...BARE, consents: ['automated_decision'] }
    const [unknown] = score([{ kind: 'application', atMs: START_MS + 20 * DAY_MS, request, truth: NOBODY }])
    const usual = scored.map(({ margin }) => margin).toSorted((left, right) => left - right)
    expect(unknown?.margin).toBeLessThan(usual[Math.floor(usual.length * 0.95)] as number)
  })
})

interface Scored {
  readonly persona: string
  readonly isFraud: boolean
  readonly margin: number
}

/** The margins of what was applied for, as live would see it. */
function score(items: Iterable<SimulatedItem>): Scored[] {
  const edge = createEdge(createTokenise(OFFLINE_TOKEN_KEY))
  const events: AssayEvent[] = []
  const applications = []
  for (const item of items) {
    if (item.kind === 'event')
      events.push(edge.toEvent(OFFLINE_TENANT, item.event, '', Number.POSITIVE_INFINITY) as AssayEvent)
    else {
      const application = edge.toApplication(OFFLINE_TENANT, item.request)
      applications.push({ application, asOf: item.atMs, truth: item.truth })
    }
  }
  const featureSet = createFeatureSet(CATALOGUE)
  const toVector = createVectorPicker(featureSet.names, inputs())
  const behaviour = createOfflineBehaviour({ compactFromBytes: 2048 })
  const scored: Scored[] = []
  for (const { past, features } of replay({ events, applications, behaviour, featureSet, submittedEvent })) {
    // In its first fortnight the simulated world is new to everybody.
    if (past.asOf < START_MS + 14 * DAY_MS) continue
    const { persona, isFraud } = past.truth
    scored.push({ persona, isFraud, margin: treeMargin(model.scorerData.trees, toVector(features.values)) })
  }
  return scored
}

async function run(rows: readonly Float32Array[]): Promise<{ pd: number[]; margin: number[] }> {
  const width = model.manifest.inputs.length
  const flat = new Float32Array(rows.length * width)
  rows.forEach((row, index) => {
    flat.set(row, index * width)
  })
  const { pd, margin } = await session.run({ features: new Tensor('float32', flat, [rows.length, width]) })
  return { pd: Array.from(pd?.data as Float32Array), margin: Array.from(margin?.data as Float32Array) }
}

/** Rising values of one input: the ends of its range and thresholds that split on it, those that part the missing too. */
function ladder(column: number): number[] {
  const [low, high] = model.manifest.inputs[column]?.range ?? [0, 0]
  const thresholds = model.scorerData.trees.flatMap(({ feature, threshold, left }) =>
    threshold.filter((_, node) => feature[node] === column && (left[node] as number) >= 0)
  )
  const distinct = [...new Set(thresholds)].sort((left, right) => left - right)
  const every = Math.max(1, Math.floor(distinct.length / STEPS))
  const values = [low, ...distinct.filter((_, index) => index % every === 0), high]
  return values.toSorted((left, right) => left - right)
}

function depthOf(left: readonly number[], right: readonly number[], node = 0): number {
  const [to, or] = [left[node] as number, right[node] as number]
  return to < 0 ? 0 : 1 + Math.max(depthOf(left, right, to), depthOf(left, right, or))
}
