import fc from 'fast-check'
import { OLDEST_EVENT_MS } from '../../src/domain/event-time.ts'

const DAY_MS = 86_400_000

/** What is read here of the JSON Schema of a payload. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

/** A value that waits for the time of its event: other times are near it. */
type At<Value> = (atMs: number) => Value

/** Payloads that a type’s schema takes, made from the schema: a new type or field needs nothing here. */
export function arbitraryData(schema: object): fc.Arbitrary<At<object>> {
  const { properties = {}, required = [] } = schema as Schema
  const members = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, memberOf(member)]))
  return fc
    .record(members, { requiredKeys: [...required] })
    .map((drawn) => (atMs) => Object.fromEntries(Object.entries(drawn).map(([name, value]) => [name, value(atMs)])))
}

function memberOf(schema: Schema): fc.Arbitrary<At<unknown>> {
  if (schema.enum !== undefined) return always(fc.constantFrom(...schema.enum))
  switch (schema.type) {
    case 'boolean':
      return always(fc.boolean())
    case 'string':
      return always(fc.constantFrom('one', 'two', 'three', 'four', 'five'))
    case 'array':
      return always(fc.subarray([...((schema.items as Schema).enum ?? [])]))
    case 'integer':
      return integerOf(schema)
    default:
      throw new Error(`no payload has a ${schema.type}`)
  }
}

/** The whole range of an integer, and its small values often: what conditions tell apart lies there. */
function integerOf({ minimum = 0, maximum = 0 }: Schema): fc.Arbitrary<At<number>> {
  if (minimum === OLDEST_EVENT_MS) {
    const apart = fc.oneof(
      fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }),
      fc.integer({ min: -40 * DAY_MS, max: 400 * DAY_MS })
    )
    return apart.map((byMs) => (atMs: number) => atMs - byMs)
  }
  const small = { min: Math.max(minimum, -5), max: Math.min(maximum, 5) }
  return always(fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.integer(small)))
}

const always = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<At<Value>> => values.map((value) => () => value)
