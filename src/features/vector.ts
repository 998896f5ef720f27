import { createHash } from 'node:crypto'
import type { Application } from '../domain/application.ts'
import { ENTITY_KINDS } from '../domain/event.ts'
import { type Aggregate, compileAggregate } from './aggregate.ts'
import type { FeatureDefinition } from './definition.ts'
import { History } from './history.ts'

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
  readonly compute: (application: Application, states: EntityStates, nowMs: number) => FeatureValues
}

export interface FeatureValues {
  readonly values: Float64Array
  /** Kinds of entity whose history is longer than what is kept whole within some window. */
  readonly truncated: readonly string[]
}

type Step = (application: Application, nowMs: number, values: Float64Array) => number

/** Compiles a catalogue. Throws on a duplicate name and on a ratio that names an unknown or later feature. */
export function createFeatureSet(definitions: readonly FeatureDefinition[]): FeatureSet {
  const names = definitions.map(({ name }) => name)
  if (new Set(names).size !== names.length) throw new Error('two features have the same name')
  const histories = ENTITY_KINDS.map(() => new History())
  const steps = definitions.map((definition, index) => compileStep(definition, names.slice(0, index), histories))
  const compute = (application: Application, states: EntityStates, nowMs: number): FeatureValues => {
    let truncated = NONE
    for (let kind = 0; kind < ENTITY_KINDS.length; kind++) {
      const state = states[kind]
      const history = (histories[kind] as History).fold(state?.profile ?? null, state?.tail ?? null)
      if (history.truncatedBeforeMs >= 0) truncated = [...truncated, ENTITY_KINDS[kind] as string]
    }
    const values = new Float64Array(steps.length)
    for (let index = 0; index < steps.length; index++)
      values[index] = (steps[index] as Step)(application, nowMs, values)
    return { values, truncated }
  }
  return { id: fingerprint(definitions), names, definitions, compute }
}

const NONE: readonly string[] = []

function compileStep(definition: FeatureDefinition, earlier: readonly string[], histories: readonly History[]): Step {
  switch (definition.source) {
    case 'application':
      return (application, nowMs) => definition.value(application, nowMs)
    case 'events': {
      const history = histories[ENTITY_KINDS.indexOf(definition.entity)] as History
      const aggregate: Aggregate = compileAggregate(definition)
      return (_application, nowMs) => aggregate(history, nowMs)
    }
    case 'ratio': {
      const [of, to] = [earlier.indexOf(definition.of), earlier.indexOf(definition.to)]
      if (of < 0 || to < 0) throw new Error(`${definition.name} divides features that are not declared before it`)
      const { scale = 1, floor = 0 } = definition
      return (_application, _nowMs, values) => {
        const divisor = values[to] as number
        const bounded = divisor < floor ? floor : divisor
        return bounded === 0 ? Number.NaN : ((values[of] as number) / bounded) * scale
      }
    }
  }
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
