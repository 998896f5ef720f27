import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel, type VerifiedModel } from '../../src/inference/model.ts'
import { createScoreRows, everyModelFolder, suiteRows } from './suite.ts'

interface ScorecardInput {
  readonly name: string
  readonly group: string
  readonly edges: number[]
  readonly values: number[]
  readonly missing: number
}

interface Scorecard {
  readonly intercept: number
  readonly inputs: ScorecardInput[]
  readonly reference: number[]
  readonly golden: { readonly rows: (number | null)[][]; readonly margin: number[] }
}

const folders = everyModelFolder().filter(({ folder }) => existsSync(new URL('scorecard.json', folder)))

test('credit ships a scorecard since 1.1.0', () => {
  expect(folders.map(({ name }) => name)).toContain('credit 1.1.0')
})

describe.each(folders)('the scorecard of $name', ({ folder }) => {
  let model: VerifiedModel
  let card: Scorecard
  let sha256: string

  beforeAll(async () => {
    model = await loadModel(folder)
    const bytes = await readFile(new URL('scorecard.json', folder))
    sha256 = createHash('sha256').update(bytes).digest('hex')
    card = JSON.parse(bytes.toString('utf8')) as Scorecard
  })

  test('is the file that the manifest names', () => {
    expect(model.manifest.files['scorecard.json']).toBe(sha256)
  })

  test('asks for inputs of the model, under the same reasons', () => {
    const groups = new Map(model.manifest.inputs.map(({ name, group }) => [name, group as string]))
    for (const { name, group } of card.inputs) expect(groups.get(name), name).toBe(group)
  })

  test('gives its golden rows their margins to the bit', () => {
    expect(card.golden.rows.length).toBeGreaterThanOrEqual(64)
    expect(card.golden.rows.map((row) => marginOf(card, row))).toEqual(card.golden.margin)
  })

  test('has golden rows on every edge, on both sides of it, and with every input missing', () => {
    card.inputs.forEach(({ name, edges }, column) => {
      const values = card.golden.rows.map((row) => row[column])
      expect(values, name).toContain(null)
      for (const edge of edges) {
        expect(values, name).toContain(edge)
        expect(
          values.some((value) => value != null && value < edge && edge - value < 1e-6 * Math.max(1, Math.abs(edge)))
        ).toBe(true)
      }
    })
  })

  test('would not give them with one edge moved or two inputs swapped', () => {
    const [first, second, ...rest] = card.inputs as [ScorecardInput, ScorecardInput, ...ScorecardInput[]]
    const edges = first.edges.with(
      0,
      (first.edges[0] as number) + 1e-9 * Math.max(1, Math.abs(first.edges[0] as number))
    )
    for (const inputs of [
      [{ ...first, edges }, second, ...rest],
      [second, first, ...rest]
    ]) {
      const faulty = { ...card, inputs }
      expect(card.golden.rows.map((row) => marginOf(faulty, row))).not.toEqual(card.golden.margin)
    }
  })

  test('never moves against the direction that the card gives for an input', () => {
    const { monotone } = model.manifest.training as { monotone: Record<string, number> }
    for (const { name, edges, values } of card.inputs) {
      expect(values, name).toHaveLength(edges.length + 1)
      expect(edges, name).toEqual([...new Set(edges)].sort((left, right) => left - right))
      values.slice(1).forEach((value, bin) => {
        expect((value - (values[bin] as number)) * (monotone[name] as number), name).toBeGreaterThanOrEqual(0)
      })
    }
  })

  test('puts the reference applicant where the manifest puts it', () => {
    const reference = new Map(model.manifest.inputs.map((input) => [input.name, input.reference]))
    expect(card.inputs.map((input) => contribution(input, reference.get(input.name) ?? null))).toEqual(card.reference)
  })

  test('ranks much like the model, and does not copy it', async () => {
    const rows = suiteRows(model).slice(0, 500)
    const columns = card.inputs.map(({ name }) => model.manifest.inputs.findIndex((input) => input.name === name))
    const margins = rows.map((row) =>
      marginOf(
        card,
        columns.map((column) => numberOrNull(row[column]))
      )
    )
    const { margin } = await (await createScoreRows(model.scorerData))(rows)
    expect(correlation(margins, margin)).toBeGreaterThan(0.7)
    expect(correlation(margins, margin)).toBeLessThan(0.9999)
  })
})

function contribution({ edges, values, missing }: ScorecardInput, value: number | null): number {
  return value === null ? missing : (values[edges.filter((edge) => edge <= value).length] as number)
}

function marginOf(card: Scorecard, row: readonly (number | null)[]): number {
  return card.inputs.reduce(
    (margin, input, column) => margin + contribution(input, row[column] ?? null),
    card.intercept
  )
}

const numberOrNull = (value = Number.NaN): number | null => (Number.isNaN(value) ? null : value)

function correlation(these: readonly number[], those: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [thisMean, thatMean] = [mean(these), mean(those)]
  const spread = (values: readonly number[], middle: number) =>
    Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
  const shared = mean(these.map((value, index) => (value - thisMean) * ((those[index] as number) - thatMean)))
  return shared / (spread(these, thisMean) * spread(those, thatMean))
}
