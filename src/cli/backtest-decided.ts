import { stat } from 'node:fs/promises'
import { createVectorPicker, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { Decide } from '../policy/engine.ts'
import { applicationOf, checkDecidedLine, type Decided, type DecidedLine } from './backtest-line.ts'
import { DataError, fileError } from './data-error.ts'
import { readLineBatches } from './ndjson.ts'

export interface DecidedFileInput {
  /** A decisions.ndjson made with --vectors. */
  readonly file: string
  readonly featureSet: FeatureSet
  readonly model: VerifiedModel
  readonly decide: Decide
  readonly compare: Decide | null
  /** Lines to pass over: they are decided already. */
  readonly skip: number
}

/**
 * Decides what was scored once, by another policy: nothing is replayed and nothing is scored again, one line of the file is in
 * memory. Throws DataError at the first line that is no such case or of another model or feature catalogue.
 */
export async function* runDecided({ file, skip, ...input }: DecidedFileInput): AsyncGenerator<Decided> {
  const decide = createLineDecider({ file, ...input })
  let seen = 0
  for await (const { lines, firstLine } of readLineBatches(file)) {
    for (const [index, text] of lines.entries()) {
      if (text === '' || text === '\r') continue
      if (seen++ >= skip) yield decide(text, firstLine + index)
    }
  }
}

/** How many lines a file has, told from the size and its first ones; undefined where it is packed. */
export async function estimateLines(file: string): Promise<number | undefined> {
  if (file.endsWith('.gz')) return undefined
  const { size } = await stat(file).catch((error) => {
    throw fileError(file, error)
  })
  for await (const { lines } of readLineBatches(file)) {
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
    return Math.max(lines.length, Math.round((size / bytes) * lines.length))
  }
  return 0
}

function createLineDecider({ file, featureSet, model, decide, compare }: Omit<DecidedFileInput, 'skip'>) {
  const { names, id: featureSetId } = featureSet
  const toVector = createVectorPicker(
    names,
    model.manifest.inputs.map(({ name }) => name)
  )
  const read = (text: string, line: number): DecidedLine => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new DataError(file, line, 'it is not JSON', cause)
    }
    const checked = checkDecidedLine(value)
    if (!checked.ok)
      throw new DataError(
        file,
        line,
        `it is no case of backtest --vectors: ${checked.problems.map(({ field, problem }) => `${field} ${problem}`).join('; ')}`
      )
    if (checked.value.model !== model.id) throw new DataError(file, line, `it was scored by ${checked.value.model}`)
    if (checked.value.featureSet !== featureSetId)
      throw new DataError(file, line, `its features are of the catalogue ${checked.value.featureSet}`)
    return checked.value
  }

  return (text: string, line: number): Decided => {
    const past = read(text, line)
    const { asOf, outcome, historyTruncated, vector: named } = past
    const values = Float64Array.from(names, (name) => {
      const value = named[name]
      if (value === undefined) throw new DataError(file, line, `/vector/${name} is missing`)
      return value ?? Number.NaN
    })
    const pd = past.pd ?? Number.NaN
    const application = applicationOf(past)
    const vector = toVector(values)
    const assessment = { kind: 'scored', pd, contributions: null } as const
    const decisionId = application.applicationId
    const asked = { application, values, vector, assessment, historyTruncated, decisionId, nowMs: asOf }
    const verdict = decide(asked)
    return { application, asOf, outcome, values, historyTruncated, pd, verdict, compared: compare?.(asked) ?? null }
  }
}
