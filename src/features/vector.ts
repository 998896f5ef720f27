import { createHash } from 'node:crypto'
import type { Application } from '../domain/application.ts'
import { ENTITY_KINDS } from '../domain/event.ts'
import { FeatureReader, type Readings } from './aggregate.ts'
import type { FeatureDefinition } from './definition.ts'
import { History } from './history.ts'
import { createTileLayouts } from './tile-layout.ts'

/** The stored behaviour of one entity: its folded profile and the records appended since, packed. */
export interface EntityState {
  readonly profile: Buffer | null
  readonly tail: Buffer | null
}

/** The states of an application’s entities in the order of ENTITY_KINDS; null where the application names none. */
export type EntityStates = readonly (EntityState | null)[]

export interface FeatureSet {
  /** Fingerprint of everything that decides a value: names, order and declarations. */
  readonly id: string
  readonly names: readonly string[]
  readonly definitions: readonly FeatureDefinition[]
  /** Every feature as of `nowMs`, in catalogue order; NaN is missing. A fresh array each call. Pure. */
  readonly compute: (application: Application, states: EntityStates, nowMs: number) => MeasuredValues
}

export interface FeatureValues {
  readonly values: Float64Array
  /** Kinds of entity of which some value is worse than a window 1/64 longer: part of its events is missing. */
  readonly truncated: readonly string[]
}

/** Values with their quality. */
export interface MeasuredValues extends FeatureValues, Readings {}

type Step = (application: Application, nowMs: number, into: Readings) => void

/** Compiles a catalogue. Throws on a duplicate name and on a ratio that names an unknown or later feature. */
export function createFeatureSet(definitions: readonly FeatureDefinition[]): FeatureSet {
  const names = definitions.map(({ name }) => name)
  if (new Set(names).size !== names.length) throw new Error('two features have the same name')
  const kinds = createTileLayouts(definitions)
    .map((layout, index) => ({ layout, index, name: ENTITY_KINDS[index] as string }))
    .filter(({ layout }) => layout.columns.length > 0)
    .map((kind) => ({
      ...kind,
      history: new History(kind.layout, { readsOnly: true }),
      reader: new FeatureReader(kind.layout)
    }))
  const count = names.length
  const template = templateOf(definitions)
  const steps = definitions.flatMap((each, index) => compileStep(each, index, names.slice(0, index)) ?? [])

  const compute = (application: Application, states: EntityStates, nowMs: number): MeasuredValues => {
    let truncated = NONE
    // One copy for both: two allocations outside the heap cost more than all features of a short history.
    const copy = template.slice(0)
    const into: Readings = {
      values: new Float64Array(copy, 0, count),
      newestAgeMs: new Float64Array(copy, count * 8, count),
      exact: new Uint8Array(copy, count * 16, count)
    }
    for (const { index, name, history, reader } of kinds) {
      const state = states[index]
      if (!state || (state.profile === null && state.tail === null)) continue
      if (!reader.read(history.fold(state.profile, state.tail), nowMs, into)) truncated = [...truncated, name]
    }
    for (const step of steps) step(application, nowMs, into)
    return { ...into, truncated }
  }
  return { id: fingerprint(definitions), names, definitions, compute }
}

const NONE: readonly string[] = []

/** What there is to say without any event: values, then ages, then that all is exact. */
function templateOf(definitions: readonly FeatureDefinition[]): ArrayBuffer {
  const count = definitions.length
  const template = new ArrayBuffer(count * 17)
  new Float64Array(template, 0, count).set(
    definitions.map((each) => (each.source === 'events' ? each.whenNone : Number.NaN))
  )
  new Float64Array(template, count * 8, count).fill(Number.NaN)
  new Uint8Array(template, count * 16, count).fill(1)
  return template
}

/**
 * Computes what an application says, and every ratio, anew over values that were kept: what they are for another amount or
 * term. Features of events stay as they are. The same application gives the same values, to the bit. Where many are tried in
 * a row, `into` saves an array each.
 */
export function createRevaluer(definitions: readonly FeatureDefinition[]) {
  const names = definitions.map(({ name }) => name)
  const steps = definitions.flatMap((each, index) => compileStep(each, index, names.slice(0, index)) ?? [])
  const unread = { newestAgeMs: new Float64Array(names.length), exact: new Uint8Array(names.length) }
  return (
    application: Application,
    kept: Float64Array,
    nowMs: number,
    into = new Float64Array(kept.length)
  ): Float64Array => {
    into.set(kept)
    const readings = { values: into, ...unread }
    for (const step of steps) step(application, nowMs, readings)
    return into
  }
}

/** What is left to do once all events are read; undefined for a feature of events. */
function compileStep(definition: FeatureDefinition, index: number, earlier: readonly string[]): Step | undefined {
  switch (definition.source) {
    case 'events':
      return undefined
    case 'application':
      return (application, nowMs, { values }) => {
        values[index] = definition.value(application, nowMs)
      }
    case 'ratio': {
      const [of, to] = [earlier.indexOf(definition.of), earlier.indexOf(definition.to)]
      if (of < 0 || to < 0) throw new Error(`${definition.name} divides features that are not declared before it`)
      const { scale = 1, floor = 0 } = definition
      return (_application, _nowMs, { values, exact, newestAgeMs }) => {
        const divisor = values[to] as number
        const bounded = divisor < floor ? floor : divisor
        values[index] = bounded === 0 ? Number.NaN : ((values[of] as number) / bounded) * scale
        exact[index] = (exact[of] as number) & (exact[to] as number)
        newestAgeMs[index] = newer(newestAgeMs[of] as number, newestAgeMs[to] as number)
      }
    }
  }
}

/** The smaller of two ages; NaN is none. */
export function newer(left: number, right: number): number {
  if (Number.isNaN(left)) return right
  return left <= right || Number.isNaN(right) ? left : right
}

function fingerprint(definitions: readonly FeatureDefinition[]): string {
  const declared = JSON.stringify(definitions, (_key, value) => (typeof value === 'function' ? String(value) : value))
  return `fs-${createHash('sha256').update(declared).digest('hex').slice(0, 12)}`
}

/** Picks a model’s inputs out of the catalogue’s values as float32, the definition of a model input. */
export function createVectorPicker(names: readonly string[], inputs: readonly string[]) {
  const columns = inputs.map((input) => names.indexOf(input))
  const unknown = inputs.filter((_, index) => columns[index] === -1)
  if (unknown.length > 0) throw new Error(`the feature catalogue does not define ${unknown.join(', ')}`)
  return (values: Float64Array): Float32Array => {
    const vector = new Float32Array(columns.length)
    for (let index = 0; index < columns.length; index++) vector[index] = values[columns[index] as number] as number
    return vector
  }
}
