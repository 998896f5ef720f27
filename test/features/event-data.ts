import fc from 'fast-check'
import { OLDEST_EVENT_MS } from '../../src/domain/event-time.ts'
import { UUID_PATTERN } from '../../src/domain/ids.ts'

const DAY_MS = 86_400_000

/** What is read here of the JSON Schema of a payload. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
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
      return always(textOf(schema))
    case 'array':
      return arrayOf(schema.items as Schema)
    case 'object':
      return arbitraryData(schema)
    case 'integer':
      return integerOf(schema)
    default:
      throw new Error(`no payload has a ${schema.type}`)
  }
}

function textOf({ format, pattern }: Schema): fc.Arbitrary<string> {
  if (format === 'date') return fc.constantFrom('2024-02-29', '2024-03-31', '2025-12-01')
  if (pattern === UUID_PATTERN) return fc.constant('01890a5d-ac96-7b3c-8f00-0123456789ab')
  return fc.constantFrom('one', 'two', 'three', 'four', 'five')
}

function arrayOf(items: Schema): fc.Arbitrary<At<unknown>> {
  if (items.enum !== undefined) return always(fc.subarray([...items.enum]))
  return fc
    .array(memberOf(items), { minLength: 1, maxLength: 3 })
    .map((drawn) => (atMs: number) => drawn.map((item) => item(atMs)))
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
