import { compileCheck } from '../domain/check.ts'
import { type AssayEvent, ENTITY_KINDS, EventInputSchema } from '../domain/event.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import type { Edge } from './edge.ts'
import { IDENTIFIERS, type IdentifierField } from './identifiers.ts'
import { parseStrictJson } from './strict-json.ts'

/** An event, or why it is none; `code` is what HTTP would have answered. */
export type ReadEvent =
  | { readonly kind: 'event'; readonly event: AssayEvent }
  | {
      readonly kind: 'refused'
      readonly code: 'malformed_json' | 'invalid_request'
      readonly problems: readonly FieldProblem[]
    }

const TOKEN = /^[A-Za-z0-9_-]{22}$/
const check = compileCheck(EventInputSchema)

/** Reads one event from its text by the checks of POST /v1/events: strict JSON, schema, data of its type, time, address. */
export function readEventText(edge: Edge, tenant: string, text: string, nowMs: number): ReadEvent {
  let value: unknown
  try {
    value = parseStrictJson(text)
  } catch (error) {
    if (!(error instanceof AssayError)) throw error
    return { kind: 'refused', code: 'malformed_json', problems: [{ field: '/', problem: error.message }] }
  }
  return readEventValue(edge, tenant, value, nowMs)
}

/** The same for a parsed value, of which the fields named by `tokens` hold tokens of `tenant` already. */
export function readEventValue(
  edge: Edge,
  tenant: string,
  value: unknown,
  nowMs: number,
  tokens: readonly IdentifierField[] = []
): ReadEvent {
  const { plain, refs, problems } = takeTokens(value, tokens)
  const checked = check(plain)
  if (!checked.ok || problems.length > 0) return refused(checked.ok ? problems : [...problems, ...checked.problems])
  const event = edge.toEvent(tenant, checked.value, '', nowMs)
  if (!('eventId' in event)) return refused(event)
  return { kind: 'event', event: tokens.length === 0 ? event : { ...event, refs: inOrder({ ...event.refs, ...refs }) } }
}

function refused(problems: readonly FieldProblem[]): ReadEvent {
  return { kind: 'refused', code: 'invalid_request', problems }
}

function takeTokens(value: unknown, tokens: readonly IdentifierField[]) {
  const refs: Partial<AssayEvent['refs']> = {}
  const problems: FieldProblem[] = []
  if (tokens.length === 0 || typeof value !== 'object' || value === null) return { plain: value, refs, problems }
  const plain: Record<string, unknown> = { ...value }
  for (const field of tokens) {
    const token = plain[field]
    delete plain[field]
    if (typeof token === 'string' && TOKEN.test(token)) Object.assign(refs, { [IDENTIFIERS[field]]: token })
    else problems.push({ field: `/${field}`, problem: 'is no token' })
  }
  return { plain, refs, problems }
}

/** One order of refs, wherever they came from: the log’s text of an event does not tell how it arrived. */
function inOrder(refs: AssayEvent['refs']): AssayEvent['refs'] {
  const named = ENTITY_KINDS.flatMap((kind) => (refs[kind] === undefined ? [] : [[kind, refs[kind]]]))
  return Object.fromEntries(named) as AssayEvent['refs']
}
