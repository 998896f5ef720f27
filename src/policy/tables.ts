import type { TableFacts, TableInput } from './table-inputs.ts'
import type { DecisionTable, TableCondition, TableOutput, TableStage } from './table-schema.ts'

/** A row that matched, with the values its conditions read. */
export interface TableHit {
  readonly table: string
  /** From 0, as in the file. */
  readonly row: number
  readonly output: TableOutput
  /** By input; null is missing. */
  readonly read: Readonly<Record<string, number | string | null>>
}

/** Asks all tables of a stage, in the order of the policy. Pure. */
export type EvaluateTables = (facts: TableFacts) => readonly TableHit[]

const NO_HITS: readonly TableHit[] = []
/** A choice that is none of those the policy names. */
const UNNAMED = 0

/** One input of the stage as a number, read once a decision however many rows ask for it. */
interface Slot {
  readonly name: string
  readonly input: TableInput
  readonly codes: ReadonlyMap<string, number>
}

/** Rows as columns: row r has the conditions from starts[r] to starts[r + 1]. */
interface CompiledTable {
  readonly table: DecisionTable
  readonly starts: Int32Array
  readonly slot: Int32Array
  readonly above: Float64Array
  readonly atLeast: Float64Array
  readonly below: Float64Array
  readonly atMost: Float64Array
  /** For a choice: 1 at each code that matches. */
  readonly members: (Uint8Array | null)[]
  readonly takesMissing: Uint8Array
  readonly takesPresent: Uint8Array
}

/**
 * Compiles the tables of a stage to columns of numbers. NaN and an absent value match only a condition that asks for what
 * is missing. The policy was checked: every input is known.
 */
export function compileTables(
  tables: readonly DecisionTable[],
  stage: TableStage,
  inputOf: (stage: TableStage, name: string) => TableInput | undefined
): EvaluateTables {
  const ofStage = tables.filter((table) => table.stage === stage)
  if (ofStage.length === 0) return () => NO_HITS
  const slots = collectSlots(ofStage, (name) => {
    const input = inputOf(stage, name)
    if (input === undefined) throw new Error(`the policy was checked: ${name} is an input`)
    return input
  })
  const compiled = ofStage.map((table) => compileTable(table, slots))
  const read = new Float64Array(slots.length)

  return (facts) => {
    for (let index = 0; index < slots.length; index++) read[index] = readSlot(slots[index] as Slot, facts)
    let hits: TableHit[] | undefined
    for (const each of compiled) {
      const { rows, hitPolicy, name } = each.table
      for (let row = 0; row < rows.length; row++) {
        if (!matches(each, row, read)) continue
        hits ??= []
        const { when, output } = rows[row] as DecisionTable['rows'][number]
        hits.push({ table: name, row, output, read: valuesOf(when, slots, facts) })
        if (hitPolicy !== 'collect') break
      }
    }
    return hits ?? NO_HITS
  }
}

function collectSlots(tables: readonly DecisionTable[], inputOf: (name: string) => TableInput): readonly Slot[] {
  const conditions = new Map<string, TableCondition[]>()
  for (const { rows } of tables) {
    for (const { when } of rows) {
      for (const [name, condition] of Object.entries(when))
        conditions.set(name, [...(conditions.get(name) ?? []), condition])
    }
  }
  return [...conditions].map(([name, asked]) => {
    const named = asked.flatMap(({ in: included = [], notIn = [] }) => [...included, ...notIn])
    const codes = new Map([...new Set(named)].map((value, index) => [value, index + 1]))
    return { name, input: inputOf(name), codes }
  })
}

function compileTable(table: DecisionTable, slots: readonly Slot[]): CompiledTable {
  const asked = table.rows.map(({ when }) => Object.entries(when))
  const conditions = asked.flat()
  const column = (field: 'above' | 'atLeast' | 'below' | 'atMost', open: number) =>
    Float64Array.from(conditions, ([, condition]) => condition[field] ?? open)
  let end = 0
  const ends = asked.map((row) => {
    end += row.length
    return end
  })
  return {
    table,
    starts: Int32Array.from([0, ...ends]),
    slot: Int32Array.from(conditions, ([name]) => slots.findIndex((slot) => slot.name === name)),
    above: column('above', Number.NEGATIVE_INFINITY),
    atLeast: column('atLeast', Number.NEGATIVE_INFINITY),
    below: column('below', Number.POSITIVE_INFINITY),
    atMost: column('atMost', Number.POSITIVE_INFINITY),
    members: conditions.map(([name, condition]) =>
      membersOf(condition, slots.find((slot) => slot.name === name)?.codes ?? new Map())
    ),
    takesMissing: Uint8Array.from(conditions, ([, { missing }]) => (missing === true ? 1 : 0)),
    takesPresent: Uint8Array.from(conditions, ([, condition]) => (takesPresent(condition) ? 1 : 0))
  }
}

function membersOf({ in: included, notIn }: TableCondition, codes: ReadonlyMap<string, number>): Uint8Array | null {
  if (included === undefined && notIn === undefined) return null
  const members = new Uint8Array(codes.size + 1)
  members[UNNAMED] = included === undefined ? 1 : 0
  for (const [value, code] of codes) members[code] = takesChoice({ in: included, notIn }, value) ? 1 : 0
  return members
}

/** Whether a condition asks about a value that is there: { missing: true } alone does not. */
export function takesPresent({ missing, ...comparisons }: TableCondition): boolean {
  return missing !== true || Object.keys(comparisons).length > 0
}

export function takesChoice(
  { in: included, notIn }: { readonly in?: string[] | undefined; readonly notIn?: string[] | undefined },
  value: string
): boolean {
  return (included?.includes(value) ?? true) && !(notIn?.includes(value) ?? false)
}

export function takesNumber(
  { above = -Infinity, atLeast = -Infinity, below = Infinity, atMost = Infinity }: TableCondition,
  value: number
): boolean {
  return value > above && value >= atLeast && value < below && value <= atMost
}

function readSlot({ input, codes }: Slot, facts: TableFacts): number {
  if (input.kind === 'number') return input.read(facts)
  const value = input.read(facts)
  return value === undefined ? Number.NaN : (codes.get(value) ?? UNNAMED)
}

function matches(table: CompiledTable, row: number, read: Float64Array): boolean {
  const end = table.starts[row + 1] as number
  for (let at = table.starts[row] as number; at < end; at++) {
    const value = read[table.slot[at] as number] as number
    if (Number.isNaN(value)) {
      if (table.takesMissing[at] === 0) return false
      continue
    }
    if (table.takesPresent[at] === 0) return false
    const members = table.members[at]
    if (members) {
      if (members[value] !== 1) return false
    } else if (
      !(
        value > (table.above[at] as number) &&
        value >= (table.atLeast[at] as number) &&
        value < (table.below[at] as number) &&
        value <= (table.atMost[at] as number)
      )
    )
      return false
  }
  return true
}

function valuesOf(
  when: DecisionTable['rows'][number]['when'],
  slots: readonly Slot[],
  facts: TableFacts
): TableHit['read'] {
  const values: Record<string, number | string | null> = {}
  for (const { name, input } of slots) {
    if (!(name in when)) continue
    const value = input.read(facts)
    values[name] = value === undefined || Number.isNaN(value) ? null : value
  }
  return values
}
