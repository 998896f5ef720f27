import type { TSchema } from 'typebox'
import { type Checked, compileCheck } from '../domain/check.ts'
import { EVENT_TYPES, EventInputSchema } from '../domain/event.ts'
import { OLDEST_EVENT_MS } from '../domain/event-time.ts'
import { isJsonObject } from '../domain/json-object.ts'
import { IDENTIFIER_FIELDS, type IdentifierField, isIdentifier } from '../edge/identifiers.ts'
import type { FieldProblem } from '../errors.ts'

export interface AnonymousEvent {
  readonly event: Readonly<Record<string, unknown>>
  readonly tokens: IdentifierField[]
  /** JSON pointers. */
  readonly removed: string[]
}

export interface AnonymiseContext {
  /** The token of an identifier; undefined when it is none, or when nobody knows whose. */
  readonly tokenOf: (field: IdentifierField, plain: unknown) => string | undefined
  /** Fields that hold tokens already. */
  readonly tokens?: readonly IdentifierField[]
  readonly nowMs: number
}

const DAY_MS = 86_400_000
/** A number of fewer digits is no phone number (PhoneSchema). */
const MIN_IDENTIFYING = 10_000
const UNKNOWN_FIELDS_KEPT = 16
const UNNAMED = '(unnamed)'

type Check = (value: unknown) => Checked<unknown>
const checksOf = (properties: Readonly<Record<string, TSchema>>): [string, Check][] =>
  Object.entries(properties).map(([name, schema]) => [name, compileCheck(schema)])

const EVENT_CHECKS = new Map(checksOf(EventInputSchema.properties))
/** By name, over all types: an event of a mistyped type keeps what some type has. */
const DATA_CHECKS = Map.groupBy(
  Object.values(EVENT_TYPES).flatMap(({ data }) => checksOf(data.properties)),
  ([name]) => name
)

/**
 * The copy of a refused event that may be kept. What is known to be harmless stays; identifiers become their tokens; all
 * else is null, because a phone number may stand in any field. Allows, never forbids: what is not thought of is lost to the
 * reader, not shown.
 */
export function anonymise(value: Readonly<Record<string, unknown>>, context: AnonymiseContext): AnonymousEvent {
  const event: Record<string, unknown> = {}
  const tokens: IdentifierField[] = []
  const removed: string[] = []
  let unknown = 0
  for (const [name, field] of Object.entries(value)) {
    const known = EVENT_CHECKS.get(name)
    if (known === undefined && ++unknown > UNKNOWN_FIELDS_KEPT) continue
    const as = known === undefined ? safeName(name) : name
    const token = isIdentifier(name) ? identifierToken(name, field, context) : undefined
    if (token !== undefined) {
      event[as] = token
      tokens.push(name as IdentifierField)
    } else if (name === 'data' && isJsonObject(field)) event[as] = anonymousData(field, context, removed)
    else if (known !== undefined && !isIdentifier(name) && name !== 'data' && mayStay(name, field, [known], context))
      event[as] = field
    else {
      event[as] = null
      removed.push(`/${as}`)
    }
  }
  return { event, tokens, removed }
}

/** Problems with the names of fields that somebody else chose cut out: a name may be a phone number, too. */
export function anonymousProblems(problems: readonly FieldProblem[]): FieldProblem[] {
  return problems.map(({ field, problem }) => ({ field: field.split('/').map(safeSegment).join('/'), problem }))
}

function identifierToken(field: IdentifierField, plain: unknown, { tokens = [], tokenOf }: AnonymiseContext) {
  return tokens.includes(field) ? (plain as string) : tokenOf(field, plain)
}

function anonymousData(data: Readonly<Record<string, unknown>>, context: AnonymiseContext, removed: string[]) {
  const kept: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(data).slice(0, 2 * UNKNOWN_FIELDS_KEPT)) {
    const checks = DATA_CHECKS.get(name)?.map(([, check]) => check)
    const as = checks === undefined ? safeName(name) : name
    const stays = checks !== undefined && mayStay(name, field, checks, context)
    kept[as] = stays ? field : null
    if (!stays) removed.push(`/data/${as}`)
  }
  return kept
}

/** Whether a value of a known field names nobody: it is what the field asks for, or a slip that is worth seeing. */
function mayStay(name: string, value: unknown, checks: readonly Check[], { nowMs }: AnonymiseContext): boolean {
  const isNumber = typeof value === 'number'
  // The schema takes times up to 2100, which a phone number may look like; no event lies that far ahead.
  if (isNumber && name === 'occurredAtMs') return isSmall(value) || isTime(value, nowMs)
  if (checks.some((check) => check(value).ok)) return true
  if (typeof value === 'boolean' || value === null) return true
  if (isNumber) return isSmall(value) || (name.endsWith('Ms') && isTime(value, nowMs))
  return name === 'type' && typeof value === 'string' && /^[A-Za-z]{1,20}([._][A-Za-z]{1,20}){0,3}$/.test(value)
}

function isSmall(value: number): boolean {
  return Math.abs(value) < MIN_IDENTIFYING
}

/** Between 2000 and two years from now, in seconds, milliseconds or microseconds; a phone number hardly ever is. */
function isTime(value: number, nowMs: number): boolean {
  return [1000, 1, 0.001].some((unit) => {
    const ms = value * unit
    return ms >= OLDEST_EVENT_MS && ms < nowMs + 730 * DAY_MS
  })
}

/** The name of an unknown field if it is a word: no number and no address is one. */
export function safeName(name: string): string {
  return /^[A-Za-z][A-Za-z_]{0,31}\d{0,2}$/.test(name) ? name : UNNAMED
}

const KNOWN_NAMES = new Set(['', ...EVENT_CHECKS.keys(), ...DATA_CHECKS.keys(), ...IDENTIFIER_FIELDS])

function safeSegment(segment: string): string {
  return KNOWN_NAMES.has(segment) ? segment : safeName(segment)
}
