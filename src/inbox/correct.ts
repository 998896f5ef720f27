import type { TSchema } from 'typebox'
import { EVENT_TYPES, EventInputSchema } from '../domain/event.ts'
import { isJsonObject } from '../domain/json-object.ts'
import { readEventValue } from '../edge/event-reader.ts'
import { type IdentifierField, isIdentifier, tokenOf } from '../edge/identifiers.ts'
import { anonymise } from './anonymise.ts'
import { type JudgeContext, keyMarkOf, type LetterContext, UNKNOWN_TENANT, type Verdict } from './judge.ts'
import type { Letter } from './letter.ts'

/** What a person changes in a dead letter, applied in this order. */
export interface Correction {
  readonly tenant?: string | undefined
  /** A whole event in the place of what is left of the old one. */
  readonly event?: unknown
  readonly set?: readonly { readonly pointer: string; readonly text: string }[]
  /** Pointers. */
  readonly unset?: readonly string[]
}

/** What would be an event, if it is right. May hold plain identifiers: never stored as it is. */
export interface Candidate {
  readonly tenant: string | null
  readonly event: unknown
  readonly tokens: readonly IdentifierField[]
}

/** Applies a correction. Identifiers are tokens of one tenant: under another they are gone and must be given again. */
export function applyCorrection(letter: Letter, { tenant, event, set = [], unset = [] }: Correction): Candidate {
  const root: { event: unknown } = { event: structuredClone(event ?? letter.event ?? {}) }
  const tokens = new Set<string>(event === undefined ? letter.tokens : [])
  if (tenant !== undefined && tenant !== letter.tenant) {
    for (const field of tokens) change(root, `/${field}`, null)
    tokens.clear()
  }
  for (const { pointer, text } of set) {
    change(root, pointer, readValue(root.event, pointer, text))
    tokens.delete(pointer.slice(1))
  }
  for (const pointer of unset) {
    change(root, pointer, undefined)
    tokens.delete(pointer.slice(1))
  }
  return { tenant: tenant ?? letter.tenant, event: root.event, tokens: [...tokens].filter(isIdentifier) }
}

/** The checks of the inbox. */
export function judgeCandidate({ tenant, event, tokens }: Candidate, { edge, nowMs, tenants }: JudgeContext): Verdict {
  if (tenant === null || !tenants.has(tenant)) return UNKNOWN_TENANT
  const read = readEventValue(edge, tenant, event, nowMs, tokens)
  return read.kind === 'event' ? read : { kind: 'refused', reason: read.code, problems: read.problems }
}

/** The letter of a candidate that was found right. */
export function correctedLetter(letter: Letter, candidate: Candidate, { tokenise, nowMs }: LetterContext): Letter {
  const tenant = candidate.tenant as string
  const { event, tokens, removed } = anonymise(candidate.event as Record<string, unknown>, {
    nowMs,
    tokens: candidate.tokens,
    tokenOf: (field, plain) => tokenOf(tokenise, tenant, field, plain)
  })
  return { ...letter, tenant, event, tokens, removed, problems: [], keyMark: keyMarkOf(tokenise), isCorrected: true }
}

/** Sets the value at a pointer below the event, or takes it out; what it leads through must be there. */
function change(root: { event: unknown }, pointer: string, value: unknown): void {
  const path = ['event', ...segmentsOf(pointer)]
  const name = path.pop() as string
  let at: unknown = root
  for (const segment of path) at = isJsonObject(at) && Object.hasOwn(at, segment) ? at[segment] : undefined
  if (!isJsonObject(at)) throw new Error(`${pointer} leads nowhere in this event`)
  if (value === undefined) delete at[name]
  else at[name] = value
}

function segmentsOf(pointer: string): string[] {
  if (!pointer.startsWith('/')) throw new Error(`${pointer} is no JSON pointer such as /data/loanId`)
  const segments = pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (segments.includes('__proto__')) throw new Error(`${pointer} leads nowhere in this event`)
  return segments
}

/** Text where the field takes text, so that a phone number needs no quotes; else JSON, or text when it is none. */
function readValue(event: unknown, pointer: string, text: string): unknown {
  if (takesText(schemaAt(event, segmentsOf(pointer)))) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function schemaAt(event: unknown, [name = '', inner, ...rest]: string[]): TSchema | undefined {
  if (inner === undefined) return propertyOf(EventInputSchema.properties, name)
  const type = isJsonObject(event) ? event.type : undefined
  if (name !== 'data' || rest.length > 0 || typeof type !== 'string' || !Object.hasOwn(EVENT_TYPES, type))
    return undefined
  return propertyOf(EVENT_TYPES[type as keyof typeof EVENT_TYPES].data.properties, inner)
}

function propertyOf(properties: Readonly<Record<string, TSchema>>, name: string): TSchema | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined
}

function takesText(schema: TSchema | undefined): boolean {
  const { type, enum: values } = (schema ?? {}) as { type?: string; enum?: unknown[] }
  return type === 'string' || (values?.every((value) => typeof value === 'string') ?? false)
}
