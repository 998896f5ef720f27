import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { REASON_CODES } from '../domain/reasons.ts'
import { isUsablePd } from '../domain/score-scale.ts'
import { AssayError } from '../errors.ts'

const strict = { additionalProperties: false } as const
const RowSchema = Type.Array(Type.Union([Type.Number(), Type.Null()]), { minItems: 1, maxItems: 256 })

/** scorecard.json: what each bin of each input adds to the log-odds of default. */
export const ScorecardSchema = Type.Object(
  {
    intercept: Type.Number(),
    inputs: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          group: Type.Enum(REASON_CODES, { description: 'Reason that this input counts towards' }),
          edges: Type.Array(Type.Number(), { maxItems: 255, description: 'Rising; a value is above those it reaches' }),
          values: Type.Array(Type.Number(), { minItems: 1, description: 'Of each bin: one more than edges' }),
          missing: Type.Number({ description: 'Of a value that is not there' })
        },
        strict
      ),
      { minItems: 1, maxItems: 256, description: 'In the order in which they are added up' }
    ),
    reference: Type.Array(Type.Number(), { description: 'What each input adds for the reference applicant' }),
    golden: Type.Object(
      { rows: Type.Array(RowSchema, { minItems: 1 }), margin: Type.Array(Type.Number()) },
      { ...strict, description: 'Rows of inputs, null is missing, and their margins to the bit' }
    )
  },
  strict
)
export type ScorecardDefinition = Static<typeof ScorecardSchema>

export interface ScorecardScore {
  readonly pd: number
  /** What each input adds to the margin beyond what it adds for the reference applicant, in the order of the scorecard. */
  readonly contributions: Float64Array
}

export interface Scorecard {
  readonly definition: ScorecardDefinition
  /** For features in this order. @throws AssayError model_invalid that names inputs which are no feature */
  readonly compile: (featureNames: readonly string[]) => (values: Float64Array) => ScorecardScore
}

/**
 * A scorecard whose golden rows have come out to the bit.
 *
 * @throws AssayError model_invalid that names the file and what is wrong with it
 */
export function parseScorecard(value: unknown, file: URL): Scorecard {
  const checked = compileCheck(ScorecardSchema)(value)
  if (!checked.ok) throw new AssayError('model_invalid', file.pathname, { problems: checked.problems })
  const definition = checked.value
  const problem = shapeProblem(definition) ?? goldenProblem(definition)
  if (problem !== undefined) throw new AssayError('model_invalid', `${file.pathname}: ${problem}`)
  return {
    definition,
    compile: (featureNames) => {
      const unknown = definition.inputs.filter(({ name }) => !featureNames.includes(name))
      if (unknown.length === 0) return compileScore(definition, featureNames)
      const names = unknown.map(({ name }) => name).join(', ')
      throw new AssayError('model_invalid', `${file.pathname}: the feature catalogue does not define ${names}`)
    }
  }
}

function compileScore(definition: ScorecardDefinition, featureNames: readonly string[]) {
  const marginOf = createScorecardMargin(definition)
  const columns = Int32Array.from(definition.inputs, ({ name }) => featureNames.indexOf(name))
  const row = new Float64Array(columns.length)
  const reference = Float64Array.from(definition.reference)
  return (values: Float64Array): ScorecardScore => {
    // The scorecard learnt model inputs, which are float32: a share of two thirds is on an edge there and just below it
    // as a double.
    for (let index = 0; index < row.length; index++)
      row[index] = Math.fround(values[columns[index] as number] as number)
    const contributions = new Float64Array(row.length)
    const pd = 1 / (1 + Math.exp(-marginOf(row, contributions)))
    for (let index = 0; index < row.length; index++) {
      contributions[index] = (contributions[index] as number) - (reference[index] as number)
    }
    return { pd, contributions }
  }
}

/**
 * The margin of a row of inputs (NaN is missing): intercept and bins, added in doubles in the order of the inputs. What each
 * input adds is written to `into`. Allocates nothing: it runs on every decision, beside the model (`npm run bench:micro`).
 */
export function createScorecardMargin({ intercept, inputs }: ScorecardDefinition) {
  const edges = Float64Array.from(inputs.flatMap((input) => input.edges))
  const values = Float64Array.from(inputs.flatMap((input) => input.values))
  const missing = Float64Array.from(inputs, (input) => input.missing)
  /** Where the edges of an input begin; its values begin as many places later as inputs stand before it. */
  const starts = new Int32Array(inputs.length + 1)
  inputs.forEach((input, index) => {
    starts[index + 1] = (starts[index] as number) + input.edges.length
  })
  return (row: Float64Array, into: Float64Array): number => {
    let margin = intercept
    for (let index = 0; index < inputs.length; index++) {
      const value = row[index] as number
      let added = missing[index] as number
      if (!Number.isNaN(value)) {
        let at = starts[index] as number
        const end = starts[index + 1] as number
        while (at < end && (edges[at] as number) <= value) at++
        added = values[at + index] as number
      }
      into[index] = added
      margin += added
    }
    return margin
  }
}

function shapeProblem({ inputs, reference, golden }: ScorecardDefinition): string | undefined {
  const names = inputs.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `${twice} is there twice`
  for (const { name, edges, values } of inputs) {
    if (edges.some((edge, index) => index > 0 && edge <= (edges[index - 1] as number)))
      return `the edges of ${name} do not rise`
    if (values.length !== edges.length + 1) return `${name} has ${values.length} values for ${edges.length} edges`
  }
  if (reference.length !== inputs.length) return 'the reference applicant has not one contribution for each input'
  const nowhere = inputs.find(
    ({ values, missing }, index) => ![...values, missing].includes(reference[index] as number)
  )
  if (nowhere !== undefined) return `the reference applicant is in no bin of ${nowhere.name}`
  if (golden.margin.length !== golden.rows.length) return 'golden rows and margins differ in number'
  const uneven = golden.rows.findIndex((row) => row.length !== inputs.length)
  return uneven < 0 ? undefined : `golden row ${uneven} has not one value for each input`
}

function goldenProblem(definition: ScorecardDefinition): string | undefined {
  const marginOf = createScorecardMargin(definition)
  const { rows, margin } = definition.golden
  const into = new Float64Array(definition.inputs.length)
  for (const [index, row] of rows.entries()) {
    const actual = marginOf(
      Float64Array.from(row, (value) => value ?? Number.NaN),
      into
    )
    if (!Object.is(actual, margin[index])) return `golden row ${index} has the margin ${actual}, not ${margin[index]}`
  }
  return undefined
}

/** Whether two scores lead to the same band of a policy; `stricter`: the scorecard would treat the person worse. */
export type Agreement = 'same' | 'stricter' | 'looser' | 'unusable'

/** `bands` by rising pdBelow, as in the policy. A score that must not decide agrees with nothing. */
export function agreementOf(
  bands: readonly { readonly pdBelow: number }[],
  modelPd: number,
  scorecardPd: number
): Agreement {
  const bandOf = (pd: number): number => (isUsablePd(pd) ? bands.findIndex(({ pdBelow }) => pd < pdBelow) : -1)
  const [model, scorecard] = [bandOf(modelPd), bandOf(scorecardPd)]
  if (model < 0 || scorecard < 0) return 'unusable'
  if (model === scorecard) return 'same'
  return scorecard > model ? 'stricter' : 'looser'
}
