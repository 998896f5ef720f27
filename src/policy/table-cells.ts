import type { TableInput } from './table-inputs.ts'
import type { DecisionTable, TableCondition } from './table-schema.ts'
import { takesChoice, takesNumber, takesPresent } from './tables.ts'

/** A part of an input’s values that no condition of the table divides further, told in words. */
interface Cell {
  readonly text: string
  /** The rows whose condition on this input takes it, a bit a row. */
  readonly rows: bigint
}

export interface Coverage {
  /** Rows that some case reaches first. */
  readonly reached: ReadonlySet<number>
  /** Rows that some case matches, perhaps behind others. */
  readonly matched: ReadonlySet<number>
  /** The first two rows of a case that both match, with the case. */
  readonly overlap: { readonly rows: readonly [number, number]; readonly example: string } | undefined
  /** A case that no row matches. */
  readonly gap: string | undefined
}

/** Part combinations looked at before the table is called too entangled to check. */
const MAX_STATES = 200_000

/**
 * Goes through all cases that a table can tell apart: the values of each input fall into few cells, and a row takes a cell
 * whole or not at all. Exact. Undefined when there are too many combinations.
 */
export function coverageOf({ rows }: DecisionTable, inputOf: (name: string) => TableInput): Coverage | undefined {
  const names = [...new Set(rows.flatMap(({ when }) => Object.keys(when)))]
  const cells = names.map((name) => cellsOf(name, rows, inputOf(name)))
  const reached = new Set<number>()
  const matched = new Set<number>()
  const seen = names.map(() => new Set<bigint>())
  let overlap: Coverage['overlap']
  let gap: string | undefined
  let states = 0

  const end = (left: bigint, path: readonly string[]): void => {
    const hit = bitsOf(left)
    for (const row of hit) matched.add(row)
    const [first, second] = hit
    if (first === undefined) gap ??= exampleOf(path)
    else reached.add(first)
    if (first !== undefined && second !== undefined) overlap ??= { rows: [first, second], example: exampleOf(path) }
  }
  const walk = (depth: number, left: bigint, path: readonly string[]): boolean => {
    const ofInput = cells[depth]
    if (left === 0n || ofInput === undefined) {
      end(left, path)
      return true
    }
    // What follows depends on the rows left alone: once is enough.
    if (seen[depth]?.has(left)) return true
    seen[depth]?.add(left)
    if (++states > MAX_STATES) return false
    return ofInput.every(({ rows: takes, text }) => walk(depth + 1, left & takes, [...path, text]))
  }
  const all = (1n << BigInt(rows.length)) - 1n
  return walk(0, all, []) ? { reached, matched, overlap, gap } : undefined
}

function exampleOf(path: readonly string[]): string {
  return path.filter((text) => text !== '').join(', ') || 'any case'
}

function bitsOf(mask: bigint): number[] {
  const bits: number[] = []
  for (let row = 0, left = mask; left > 0n; row++, left >>= 1n) if ((left & 1n) === 1n) bits.push(row)
  return bits
}

/** The cells of an input, those that the same rows take only once. */
function cellsOf(name: string, rows: DecisionTable['rows'], input: TableInput): readonly Cell[] {
  const conditions = rows.map(({ when }) => when[name])
  const take = (text: string, takes: (condition: TableCondition) => boolean): Cell => {
    let mask = 0n
    conditions.forEach((condition, row) => {
      if (condition === undefined || takes(condition)) mask |= 1n << BigInt(row)
    })
    return { text: `${name} ${text}`, rows: mask }
  }
  const asked = conditions.filter((condition) => condition !== undefined)
  const cells =
    input.kind === 'number'
      ? intervalsOf(asked, input).map(({ text, value }) =>
          take(text, (condition) => takesPresent(condition) && takesNumber(condition, value))
        )
      : choicesOf(asked, input.choices).map(({ text, value }) =>
          take(text, (condition) => takesPresent(condition) && takesChoice(condition, value))
        )
  if (input.mayBeMissing) cells.push(take('missing', ({ missing }) => missing === true))
  return cells.filter(({ rows: mask }, index) => cells.findIndex((cell) => cell.rows === mask) === index)
}

/** A value of each interval between the bounds that conditions name, and of each bound. */
function intervalsOf(
  conditions: readonly TableCondition[],
  { isWhole, least, most }: Extract<TableInput, { kind: 'number' }>
): { readonly text: string; readonly value: number }[] {
  const named = conditions.flatMap(({ above, atLeast, below, atMost }) => [above, atLeast, below, atMost])
  const bounds = [...new Set(named.filter((bound) => bound !== undefined && bound >= least && bound <= most))].sort(
    (a, b) => (a as number) - (b as number)
  ) as number[]
  const [first, last] = [bounds[0], bounds.at(-1)]
  if (first === undefined || last === undefined) return [{ text: 'any', value: Math.max(least, 0) }]
  const intervals: { text: string; value: number }[] = []
  if (first > least)
    intervals.push({
      text: `below ${first}`,
      value: Number.isFinite(least) ? least : first - Math.max(1, Math.abs(first))
    })
  bounds.forEach((bound, index) => {
    intervals.push({ text: `of ${bound}`, value: bound })
    const next = bounds[index + 1]
    if (next === undefined) return
    const between = isWhole ? Math.floor(bound) + 1 : (bound + next) / 2
    if (between > bound && between < next) intervals.push({ text: `between ${bound} and ${next}`, value: between })
  })
  // In steps that are seen at any size.
  if (last < most) intervals.push({ text: `above ${last}`, value: Math.min(most, last + Math.max(1, Math.abs(last))) })
  return intervals
}

/** An open list is the values that conditions name, and another one. */
function choicesOf(
  conditions: readonly TableCondition[],
  choices: readonly string[] | null
): { readonly text: string; readonly value: string }[] {
  const named = conditions.flatMap(({ in: included = [], notIn = [] }) => [...included, ...notIn])
  const of = (value: string) => ({ text: `of ${value}`, value })
  if (choices !== null) return choices.map(of)
  return [...[...new Set(named)].map(of), { text: 'of another', value: '' }]
}
