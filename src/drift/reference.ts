import { AssayError, type FieldProblem } from '../errors.ts'
import type { DriftReference } from '../inference/manifest.ts'

/** Under which the score goes; features have a dot in their names. */
export const SCORE = 'score'

/** One thing that is counted: the score, or an input of the model. */
export interface Column {
  readonly name: string
  /** Place among the model’s inputs; −1 is the score. */
  readonly input: number
  /** Rising; a value is in the bin of the edges that it reaches. */
  readonly edges: readonly number[]
  /** Of the values that are there; one more than edges. */
  readonly shares: readonly number[]
  /** Share of missing values. */
  readonly missing: number
  /** Rows of the training part that had a value. */
  readonly rows: number
}

const SHARES_TOLERANCE = 1e-3

/**
 * What a manifest says of its training part, by the place of each input; the score first.
 *
 * @throws AssayError model_invalid where it cannot be measured against
 */
export function readReference({ rows, score, inputs }: DriftReference, names: readonly string[]): readonly Column[] {
  const columns: Column[] = [
    { name: SCORE, input: -1, ...score, missing: 0, rows },
    ...inputs.map(({ name, edges, shares, missing }) => {
      return { name, input: names.indexOf(name), edges, shares, missing, rows: rows * (1 - missing) }
    })
  ]
  const problems = columns.flatMap((column, index) =>
    findProblems(column, index === 0 ? '/score' : `/inputs/${index - 1}`)
  )
  if (new Set(columns.map(({ name }) => name)).size < columns.length)
    problems.push({ field: '/inputs', problem: 'name one input twice' })
  if (problems.length === 0) return columns
  throw new AssayError('model_invalid', 'the drift reference of the manifest', { problems })
}

function findProblems({ name, input, edges, shares, missing }: Column, at: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const add = (field: string, problem: string) => problems.push({ field: `${at}${field}`, problem })
  if (name !== SCORE && input < 0) add('/name', 'is no input of the model')
  if (shares.length !== edges.length + 1) add('/shares', 'are not one more than the edges')
  if (edges.some((edge, index) => !Number.isFinite(edge) || (index > 0 && edge <= (edges[index - 1] as number))))
    add('/edges', 'do not rise')
  const sum = shares.reduce((total, share) => total + share, 0)
  // Nothing but missing values has no distribution.
  if (missing < 1 && Math.abs(sum - 1) > SHARES_TOLERANCE) add('/shares', 'do not add up to 1')
  return problems
}
