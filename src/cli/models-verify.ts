import { attribute, PD_TOLERANCE, treePd } from '../explanation/margin.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { createScorerPool } from '../inference/pool.ts'

/** What contributions may miss the margin by. */
const ADDITIVITY = 1e-6

export interface ModelCheck {
  readonly name: string
  /** Null when it holds. */
  readonly problem: string | null
}

/** Everything that must hold before a model decides, beside the hashes that loading it has compared. */
export async function verifyModel(model: VerifiedModel): Promise<ModelCheck[]> {
  const rows = model.golden.rows.map((row) => Float32Array.from(row, (value) => value ?? Number.NaN))
  return [
    { name: 'inputs are features, with their ranges', problem: inputProblem(model) },
    { name: 'golden vectors to the bit, in a scoring thread', problem: await goldenProblem(model) },
    { name: 'trees and network agree', problem: parityProblem(model, rows) },
    { name: 'contributions add up to the margin', problem: additivityProblem(model, rows) },
    {
      name: model.scorecard === null ? 'no scorecard' : 'scorecard to the bit, of features',
      problem: scorecardProblem(model)
    }
  ]
}

function inputProblem({ manifest: { inputs } }: VerifiedModel): string | null {
  for (const { name, range, reference } of inputs) {
    const feature = CATALOGUE.find((each) => each.name === name)
    if (feature === undefined) return `the catalogue has no feature ${name}`
    if (feature.range[0] !== range[0] || feature.range[1] !== range[1])
      return `${name} has the range ${range.join(' to ')}, the catalogue says ${feature.range.join(' to ')}`
    if (reference !== null && (reference < range[0] || reference > range[1]))
      return `the reference applicant’s ${name}, ${reference}, lies outside ${range.join(' to ')}`
  }
  return null
}

async function goldenProblem(model: VerifiedModel): Promise<string | null> {
  const limits = { threads: 1, maxBatchRows: 64, maxQueuedRows: 64, explainFromPd: 1 }
  try {
    const pool = await createScorerPool({ model, ...limits, onBatch: () => {}, onFault: () => {} })
    await pool.close()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

function parityProblem({ golden, scorerData: { trees } }: VerifiedModel, rows: readonly Float32Array[]): string | null {
  const apart = rows.findIndex(
    (row, index) => !(Math.abs(treePd(trees, row) - (golden.pd[index] ?? 0)) <= PD_TOLERANCE)
  )
  if (apart < 0) return null
  return `golden row ${apart} has ${golden.pd[apart]}, the trees say ${treePd(trees, rows[apart] as Float32Array)}`
}

function additivityProblem(model: VerifiedModel, rows: readonly Float32Array[]): string | null {
  for (const [index, row] of rows.entries()) {
    const { contributions, margin, referenceMargin } = attribute(model, row, null)
    const sum = contributions.reduce((left, right) => left + right, referenceMargin)
    if (!(Math.abs(sum - margin) <= ADDITIVITY)) return `golden row ${index} adds up to ${sum}, its margin is ${margin}`
  }
  return null
}

function scorecardProblem({ scorecard }: VerifiedModel): string | null {
  try {
    scorecard?.compile(CATALOGUE.map(({ name }) => name))
    return null
  } catch (error) {
    return (error as Error).message
  }
}
