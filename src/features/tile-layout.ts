import { createHash } from 'node:crypto'
import { ENTITY_KINDS, EVENT_TYPES } from '../domain/event.ts'
import { MAX_AHEAD_MS } from '../domain/event-time.ts'
import { columnOf, compileCondition, type Fulfils } from './condition.ts'
import { type Aggregation, DAY_MS, type EventFeature, type FeatureDefinition } from './definition.ts'

/** A window is read from tiles of at most this part of it: it is at most 1/64 longer than declared. */
export const TILES_A_WINDOW = 64
/** Distinct values that a column remembers beyond the whole events; above, the oldest go and a floor says until when. */
export const MAX_DISTINCT = 256

/** What of its events a column keeps; each is a commutative monoid over integers. */
export const COLUMN_STATES = ['count', 'sum', 'squares', 'min', 'max', 'first', 'last', 'share', 'distinct'] as const
export type ColumnState = (typeof COLUMN_STATES)[number]

/** Where the value of a column over a window goes. */
export interface Output {
  /** Position in the catalogue. */
  readonly feature: number
  readonly of: Aggregation['of']
  readonly whenNone: number
  readonly scale: number
}

/** One window of a selection and the features that read a column over it. */
export interface ColumnWindow {
  /** Position among the windows of the selection. */
  readonly window: number
  readonly windowMs: number
  readonly outputs: readonly Output[]
}

/** A state over the events of a selection, kept once for all windows. */
export interface Column {
  /** Position among the columns of the kind, which is the order in profiles. */
  readonly index: number
  readonly state: ColumnState
  /** The field it reads, or the kind of ref; −1: neither. */
  readonly slot: number
  readonly ofRefs: boolean
  readonly when: Fulfils | undefined
  /** Finite windows, ascending, and the tile width of each; a width divides the next. */
  readonly windowsMs: readonly number[]
  readonly gridsMs: readonly number[]
  /** Whether some feature reads the whole life: what leaves the largest window goes on in one tile. */
  readonly lifetime: boolean
  /** Ascending by window. */
  readonly reads: readonly ColumnWindow[]
}

/** Events of some types that fulfil a condition, with all that features want to know of them. */
export interface Selection {
  readonly codes: readonly number[]
  /** By type code. */
  readonly wanted: Uint8Array
  /** The same as the bits of typeBit, to see at once that a history has none of the types. */
  readonly typeBits: number
  readonly where: Fulfils | undefined
  /** Ascending; infinity is the whole life. */
  readonly windowsMs: readonly number[]
  readonly columns: readonly Column[]
}

/** Features that read the same types of events are as fresh as each other. */
export interface Source {
  readonly codes: readonly number[]
  readonly typeBits: number
  readonly features: readonly number[]
}

/** What the catalogue wants to know of one kind of entity: how to read it, and what to keep of events that are no longer whole. */
export interface TileLayout {
  /** 48 bits of a hash of the columns and their grids: tiles of another layout are not read. */
  readonly id: number
  readonly selections: readonly Selection[]
  readonly columns: readonly Column[]
  /** Finite windows of all columns, ascending. */
  readonly windowsMs: readonly number[]
  readonly sources: readonly Source[]
  /** Fields and kinds of ref that some feature reads, as masks. */
  readonly wantedFields: number
  readonly wantedRefs: number
}

/** The layout of every kind of entity, in the order of ENTITY_KINDS. Pure; the order of the catalogue changes no id. */
export function createTileLayouts(definitions: readonly FeatureDefinition[]): TileLayout[] {
  return ENTITY_KINDS.map((kind) => {
    const features: Placed[] = []
    definitions.forEach((definition, feature) => {
      if (definition.source === 'events' && definition.entity === kind) features.push({ feature, definition })
    })
    return createTileLayout(features)
  })
}

interface Placed {
  readonly feature: number
  readonly definition: EventFeature
}

function createTileLayout(features: readonly Placed[]): TileLayout {
  const columns: Column[] = []
  const names: object[] = []
  const bySelection = groupBy(features, ({ definition }) => JSON.stringify([codesOf(definition), definition.where]))
  const selections = bySelection.map(([selectionName, members]) => {
    const [{ definition }] = members as [Placed]
    const codes = codesOf(definition)
    const windowsMs = windowsOf(members)
    const byColumn = groupBy(members, ({ definition: { aggregation } }) => columnName(aggregation))
    const own = byColumn.map(([name, readers]) => {
      const column = createColumn(columns.length, readers, windowsMs)
      columns.push(column)
      names.push([selectionName, name, column.windowsMs, column.gridsMs, column.lifetime])
      return column
    })
    const wanted = new Uint8Array(256)
    for (const code of codes) wanted[code] = 1
    return {
      codes,
      wanted,
      typeBits: typeBitsOf(codes),
      where: definition.where && compileCondition(definition.where),
      windowsMs,
      columns: own
    }
  })
  const digest = createHash('sha256').update(JSON.stringify([TILES_A_WINDOW, MAX_DISTINCT, MAX_AHEAD_MS, names]))
  const wanted = features.map(({ definition }) => wantedOf(definition))
  const sources = groupBy(features, ({ definition }) => JSON.stringify(codesOf(definition)))
  return {
    id: digest.digest().readUIntBE(0, 6),
    selections,
    columns,
    windowsMs: windowsOf(features).filter(Number.isFinite),
    wantedFields: wanted.reduce((mask, { fields }) => mask | fields, 0),
    wantedRefs: wanted.reduce((mask, { refs }) => mask | refs, 0),
    sources: sources.map(([, members]) => ({
      codes: codesOf((members as [Placed])[0].definition),
      typeBits: typeBitsOf(codesOf((members as [Placed])[0].definition)),
      features: members.map(({ feature }) => feature)
    }))
  }
}

function createColumn(index: number, readers: readonly Placed[], selectionWindowsMs: readonly number[]): Column {
  const [{ definition }] = readers as [Placed]
  const { aggregation } = definition
  const ofRefs = 'ref' in aggregation
  const windows = windowsOf(readers)
  const windowsMs = windows.filter(Number.isFinite)
  return {
    index,
    state: stateOf(aggregation),
    slot: ofRefs ? ENTITY_KINDS.indexOf(aggregation.ref) : 'field' in aggregation ? columnOf(aggregation.field) : -1,
    ofRefs,
    when: 'when' in aggregation ? compileCondition(aggregation.when) : undefined,
    windowsMs,
    gridsMs: gridsOf(windowsMs),
    lifetime: windows.length > windowsMs.length,
    reads: windows.map((windowMs) => ({
      window: selectionWindowsMs.indexOf(windowMs),
      windowMs,
      outputs: readers.filter((reader) => windowOf(reader) === windowMs).map(outputOf)
    }))
  }
}

/** A bit for each of the types that there are; what lies beyond shares the last. */
export function typeBit(code: number): number {
  return 1 << Math.min(code, 31)
}

function typeBitsOf(codes: readonly number[]): number {
  return codes.reduce((bits, code) => bits | typeBit(code), 0)
}

/** Epoch-aligned tile widths of at most a 64th of each window, each a multiple of the one before. */
export function gridsOf(windowsMs: readonly number[]): number[] {
  const gridsMs: number[] = []
  for (const windowMs of windowsMs) {
    const finer = gridsMs.at(-1) ?? 1
    gridsMs.push(finer * Math.max(1, Math.floor(windowMs / TILES_A_WINDOW / finer)))
  }
  return gridsMs
}

function outputOf({ feature, definition: { aggregation, unit, whenNone } }: Placed): Output {
  const inMs = !('field' in aggregation) || aggregation.field.endsWith('Ms')
  const isAmount = !['count', 'distinct', 'share'].includes(aggregation.of)
  return { feature, of: aggregation.of, whenNone, scale: isAmount && unit === 'days' && inMs ? DAY_MS : 1 }
}

function wantedOf({ aggregation, where }: EventFeature): { fields: number; refs: number } {
  const conditions = [where, 'when' in aggregation ? aggregation.when : undefined]
  const fields = [...conditions, aggregation].map((each) =>
    each !== undefined && 'field' in each ? 1 << columnOf(each.field) : 0
  )
  const refs = 'ref' in aggregation ? 1 << ENTITY_KINDS.indexOf(aggregation.ref) : 0
  return { fields: fields.reduce((mask, bit) => mask | bit, 0), refs }
}

function stateOf({ of }: Aggregation): ColumnState {
  switch (of) {
    case 'mean':
      return 'sum'
    case 'stddev':
      return 'squares'
    case 'ageOfFirst':
      return 'first'
    case 'ageOfLast':
      return 'last'
    default:
      return of
  }
}

function columnName(aggregation: Aggregation): string {
  return JSON.stringify({ ...aggregation, of: stateOf(aggregation) }, ['of', 'field', 'ref', 'when', ...CONDITION_KEYS])
}

const CONDITION_KEYS = ['above', 'below', 'equals', 'fromHour', 'toHour', 'utcOffsetMinutes']

function codesOf({ events }: EventFeature): number[] {
  return [...new Set(events.map((event) => EVENT_TYPES[event].code))].sort((left, right) => left - right)
}

function windowOf({ definition: { windowMs } }: Placed): number {
  return windowMs ?? Number.POSITIVE_INFINITY
}

function windowsOf(features: readonly Placed[]): number[] {
  return [...new Set(features.map(windowOf))].sort((left, right) => left - right)
}

/** Sorted by name, so that the order of the catalogue does not matter. */
function groupBy<Member>(members: readonly Member[], nameOf: (member: Member) => string): [string, Member[]][] {
  const groups = new Map<string, Member[]>()
  for (const member of members) {
    const name = nameOf(member)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [member])
    else group.push(member)
  }
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1))
}
