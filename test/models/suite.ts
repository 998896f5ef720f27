import { readdirSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import baseline from '../../policies/baseline.json' with { type: 'json' }
import { createAttribution, treeMargin } from '../../src/inference/attribution.ts'
import { ROLES } from '../../src/inference/manifest.ts'
import { modelFolder, type VerifiedModel } from '../../src/inference/model.ts'
import type { ModelData, Tree } from '../../src/inference/protocol.ts'

const MODELS = new URL('../../models/', import.meta.url)
/** Where the baseline policy changes its mind. */
export const CUTS = baseline.bands.map(({ pdBelow }) => pdBelow).filter((cut) => cut < 1)
const RANDOM_ROWS = 600
const BASE_ROWS = 20
const EXPLAINED_ROWS = 100
const STEPS = 24
/** Shapley values and their sum are doubles; what they explain was added up in float32, once a tree. */
const FLOAT32_STEP = 2 ** -23

/** Every version of every role under models/, whether active.json names it or not. */
export function everyModelFolder(): { name: string; folder: URL }[] {
  return ROLES.flatMap((role) =>
    readdirSync(new URL(`${role}/`, MODELS))
      .filter((version) => /^\d/.test(version))
      .sort()
      .map((version) => ({ name: `${role} ${version}`, folder: modelFolder(MODELS, role, version) }))
  )
}

export type ScoreRows = (rows: readonly Float32Array[]) => Promise<{ pd: number[]; margin: number[] }>

/** The network as the service runs it, in one batch. */
export async function createScoreRows({ modelBytes, inputCount }: ModelData): Promise<ScoreRows> {
  const session = await InferenceSession.create(modelBytes, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  return async (rows) => {
    const flat = new Float32Array(rows.length * inputCount)
    rows.forEach((row, index) => {
      flat.set(row, index * inputCount)
    })
    const { pd, margin } = await session.run({ features: new Tensor('float32', flat, [rows.length, inputCount]) })
    return { pd: Array.from(pd?.data as Float32Array), margin: Array.from(margin?.data as Float32Array) }
  }
}

/** Golden rows, random ones, every threshold and the floats next to it, each input missing and all, and extremes. */
export function suiteRows({ manifest, golden, scorerData }: VerifiedModel): Float32Array[] {
  const goldenRows = golden.rows.map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
  const ladders = manifest.inputs.map((_, column) => [...aroundThresholds(scorerData.trees, column)])
  const random = randomRows(ladders, RANDOM_ROWS)
  const bases = [scorerData.reference, ...random.slice(0, 2)]
  const changed = bases.flatMap((base) =>
    ladders.flatMap((ladder, column) =>
      [...ladder, ...extremes(manifest.inputs[column]?.range ?? [0, 0]), Number.NaN].map((value) =>
        base.with(column, value)
      )
    )
  )
  const even = [Number.NaN, ...extremes([-1, 1])].map((value) => scorerData.reference.map(() => value))
  return [...goldenRows, ...random, ...changed, ...even]
}

/** Where trees and network, or golden rows and network, do not agree to the bit, or a cut-off decides differently. */
export async function parityProblems(model: VerifiedModel, score: ScoreRows): Promise<string[]> {
  const rows = suiteRows(model)
  const { pd, margin } = await score(rows)
  const problems: string[] = []
  rows.forEach((row, index) => {
    const told = treeMargin(model.scorerData.trees, row)
    if (!Object.is(told + 0, (margin[index] as number) + 0))
      problems.push(`row ${index}: trees ${told}, network ${margin[index]}`)
    if (bandOf(1 / (1 + Math.exp(-told))) !== bandOf(pd[index] as number))
      problems.push(`row ${index}: another decision`)
    const golden = model.golden.pd[index]
    if (golden !== undefined && golden !== pd[index])
      problems.push(`golden row ${index}: ${golden}, network ${pd[index]}`)
  })
  return problems
}

/** Inputs at which the margin moves against the direction of the manifest, within the range that is scored. */
export function directionProblems({ manifest, scorerData }: VerifiedModel): string[] {
  const { monotone } = manifest.training as { monotone: Record<string, number> }
  const ladders = manifest.inputs.map(({ range: [low, high] }, column) => {
    const values = [...aroundThresholds(scorerData.trees, column, STEPS)].filter(
      (value) => value >= low && value <= high
    )
    return [low, ...values, high]
  })
  const bases = randomRows(ladders, BASE_ROWS)
  return manifest.inputs.flatMap(({ name }, column) => {
    const direction = monotone[name]
    if (direction !== 1 && direction !== -1) return [`${name} has no direction`]
    const ladder = ladders[column] as number[]
    const wrong = bases.some((base) => {
      const margins = ladder.map((value) => treeMargin(scorerData.trees, base.with(column, value)))
      return margins.some((margin, step) => step > 0 && (margin - (margins[step - 1] as number)) * direction < 0)
    })
    return wrong ? [name] : []
  })
}

/**
 * Rows whose contributions do not add up to the margin, or give something to an input that equals the reference.
 * `explained`: trees and reference that reasons are made from, the model’s own unless a fault is planted.
 */
export function additivityProblems({ manifest, scorerData }: VerifiedModel, explained = scorerData): string[] {
  const { trees, reference } = scorerData
  const width = manifest.inputs.length
  const attribute = createAttribution(explained.trees, explained.reference, width)
  const into = new Float64Array(width)
  const start = treeMargin(trees, reference)
  const ladders = manifest.inputs.map((_, column) => [...aroundThresholds(trees, column)])
  return randomRows(ladders, EXPLAINED_ROWS).flatMap((random, index) => {
    const same = index % width
    const row = random.with(same, reference[same] as number)
    attribute(row, into)
    const told = start + into.reduce((sum, value) => sum + value, 0)
    const gap = Math.abs(told - treeMargin(trees, row))
    const problems: string[] = []
    if (!(gap <= trees.length * FLOAT32_STEP)) problems.push(`row ${index}: off by ${gap}`)
    if (into[same] !== 0) problems.push(`row ${index}: something for nothing`)
    return problems
  })
}

const bandOf = (pd: number): number => CUTS.filter((cut) => cut <= pd).length

/** Rising: thresholds of an input (of more than `most`, an even choice) with their neighbours. */
function* aroundThresholds(trees: readonly Tree[], column: number, most = Number.POSITIVE_INFINITY): Generator<number> {
  const all = trees.flatMap(({ feature, threshold, left }) =>
    threshold.filter((_, node) => feature[node] === column && (left[node] as number) >= 0)
  )
  const distinct = [...new Set(all)].sort((left, right) => left - right)
  const every = Math.max(1, Math.floor(distinct.length / most))
  for (const [index, threshold] of distinct.entries()) {
    if (index % every === 0) yield* [nextFloat32(threshold, -1), threshold, nextFloat32(threshold, 1)]
  }
}

function extremes([low, high]: readonly [number, number]): number[] {
  return [low, high, 0, -0, -1, 3.4028234663852886e38, -3.4028234663852886e38, 1.1754943508222875e-38]
}

/** The float32 next to another one; one unit in the last place. */
function nextFloat32(value: number, direction: 1 | -1): number {
  const bits = new Int32Array(1)
  const float = new Float32Array(bits.buffer)
  float[0] = value
  if (float[0] === 0) return direction * 2 ** -149
  bits[0] = (bits[0] as number) + (float[0] > 0 === direction > 0 ? 1 : -1)
  return float[0]
}

/** On the ladders’ values and between them, a tenth of the cells missing; always the same. */
function randomRows(ladders: readonly (readonly number[])[], count: number): Float32Array[] {
  let state = 7
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
  return Array.from({ length: count }, () =>
    Float32Array.from(ladders, (ladder) => {
      const at = next() * (ladder.length - 1)
      const [below, above] = [ladder[Math.floor(at)] ?? 0, ladder[Math.ceil(at)] ?? 0]
      const value = next() < 0.5 ? below : below + (at % 1) * (above - below)
      return next() < 0.1 ? Number.NaN : value
    })
  )
}
