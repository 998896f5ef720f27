import { compileCheck } from '../domain/check.ts'
import type { AssayEvent } from '../domain/event.ts'
import { TenantSchema } from '../domain/ids.ts'
import type { Edge } from '../edge/edge.ts'
import { readEventText } from '../edge/event-reader.ts'
import { tokenOf } from '../edge/identifiers.ts'
import { parseStrictJson } from '../edge/strict-json.ts'
import type { Tokenise } from '../edge/tokens.ts'
import type { FieldProblem } from '../errors.ts'
import type { StreamEntry } from '../redis/group-reader.ts'
import { anonymise, anonymousProblems, safeName } from './anonymise.ts'
import { type Delivery, triesOf } from './delivery.ts'
import type { Letter, LetterReason } from './letter.ts'

/** An event of a producer has far less; what is longer is not even parsed. */
export const MAX_EVENT_CHARS = 65_536

export type Verdict =
  | { readonly kind: 'event'; readonly event: AssayEvent }
  | { readonly kind: 'refused'; readonly reason: LetterReason; readonly problems: readonly FieldProblem[] }

export interface JudgeContext {
  readonly edge: Edge
  readonly nowMs: number
  /** Partners that may send events. */
  readonly tenants: ReadonlySet<string>
}

const checkTenant = compileCheck(TenantSchema)

/** The tenants that entries name, as far as they could be some. */
export function tenantsOf(entries: readonly StreamEntry[]): string[] {
  const names = new Set<unknown>()
  for (const { fields } of entries) names.add(fields.tenant)
  return [...names].filter(isTenant)
}

function isTenant(name: unknown): name is string {
  return checkTenant(name).ok
}

/** Checks one entry of the inbox as HTTP checks a request: who, then what. */
export function judge(entry: StreamEntry, { edge, nowMs, tenants }: JudgeContext): Verdict {
  const { tenant = '', event: text } = entry.fields
  if (text === undefined || entry.fieldsSent !== 2 || !tenants.has(tenant)) {
    const problems = entryProblems(entry)
    return problems.length > 0 ? refused('invalid_request', problems) : UNKNOWN_TENANT
  }
  if (text.length > MAX_EVENT_CHARS) {
    return refused('body_too_large', [{ field: 'event', problem: `has more than ${MAX_EVENT_CHARS} characters` }])
  }
  const read = readEventText(edge, tenant, text, nowMs)
  return read.kind === 'event' ? read : refused(read.code, read.problems)
}

export const UNKNOWN_TENANT = refused('unknown_tenant', [
  { field: 'tenant', problem: 'has no valid key with the scope events' }
])

function refused(reason: LetterReason, problems: readonly FieldProblem[]): Verdict {
  return { kind: 'refused', reason, problems }
}

/** Fields of the entry have bare names; pointers point into the event. */
function entryProblems({ fields, fieldsSent }: StreamEntry): FieldProblem[] {
  const problems: FieldProblem[] = []
  if (fields.tenant === undefined) problems.push({ field: 'tenant', problem: 'is missing' })
  else if (!isTenant(fields.tenant)) {
    problems.push({ field: 'tenant', problem: 'takes lower-case letters, digits and -, at most 32' })
  }
  if (fields.event === undefined) problems.push({ field: 'event', problem: 'is missing' })
  for (const name of Object.keys(fields)) {
    if (name !== 'tenant' && name !== 'event') problems.push({ field: safeName(name), problem: 'is not a known field' })
  }
  if (Object.keys(fields).length < fieldsSent) problems.push({ field: 'entry', problem: 'has a field twice' })
  return problems.slice(0, 16)
}

export interface LetterContext {
  readonly tokenise: Tokenise
  readonly nowMs: number
}

/** What is kept of an entry that was not taken. */
export function writeLetter(
  entry: Delivery,
  reason: LetterReason,
  problems: readonly FieldProblem[],
  context: LetterContext
): Letter {
  const text = entry.fields.event ?? ''
  const tenant = isTenant(entry.fields.tenant) ? entry.fields.tenant : undefined
  const anonymous = anonymousEvent(text, tenant, context)
  return {
    inboxId: entry.id,
    tenant: tenant ?? null,
    reason,
    problems: anonymousProblems(problems),
    event: anonymous?.event ?? null,
    tokens: anonymous?.tokens ?? [],
    removed: anonymous?.removed ?? [],
    deliveries: triesOf(entry),
    chars: text.length,
    // Keyed: a short text may be a phone number, which a plain hash would give away.
    digest: context.tokenise(tenant ?? '', 'text', text),
    keyMark: keyMarkOf(context.tokenise),
    isCorrected: false
  }
}

/** The same for the same TOKEN_KEY: under another one the tokens of a letter would be other entities. */
export function keyMarkOf(tokenise: Tokenise): string {
  return tokenise('', 'text', 'which key')
}

/** Undefined when the text is no JSON object, or is whatever breaks its reader: that must not keep it out of the letters. */
function anonymousEvent(text: string, tenant: string | undefined, { tokenise, nowMs }: LetterContext) {
  if (text.length > MAX_EVENT_CHARS) return undefined
  try {
    const value = parseStrictJson(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return anonymise(value as Record<string, unknown>, {
      nowMs,
      tokenOf: (field, plain) => tenant && tokenOf(tokenise, tenant, field, plain)
    })
  } catch {
    return undefined
  }
}
