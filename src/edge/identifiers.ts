import { compileCheck } from '../domain/check.ts'
import { type EntityKind, type EventInput, EventInputSchema } from '../domain/event.ts'
import { normaliseCard, normaliseIp, normalisePhone } from '../domain/identity.ts'
import type { Tokenise } from './tokens.ts'

/** Fields of an event that identify a person and that a token stands for wherever the event is kept. */
export const IDENTIFIERS = {
  deviceId: 'device',
  ip: 'ip',
  phone: 'phone',
  bankCard: 'card'
} as const satisfies Partial<Record<keyof EventInput, EntityKind>>
export type IdentifierField = keyof typeof IDENTIFIERS
export const IDENTIFIER_FIELDS = Object.keys(IDENTIFIERS) as IdentifierField[]

const { deviceId, ip, phone, bankCard } = EventInputSchema.properties
const CHECKS = {
  deviceId: compileCheck(deviceId),
  ip: compileCheck(ip),
  phone: compileCheck(phone),
  bankCard: compileCheck(bankCard)
}
const NORMALISE: { readonly [F in IdentifierField]: (plain: string) => string | undefined } = {
  deviceId: (plain) => plain,
  ip: normaliseIp,
  phone: normalisePhone,
  bankCard: normaliseCard
}

export function isIdentifier(field: string): field is IdentifierField {
  return Object.hasOwn(IDENTIFIERS, field)
}

/** The token that the log would hold for one identifier of an event; undefined when the value is none. */
export function tokenOf(
  tokenise: Tokenise,
  tenant: string,
  field: IdentifierField,
  plain: unknown
): string | undefined {
  if (!CHECKS[field](plain).ok) return undefined
  const normalised = NORMALISE[field](plain as string)
  return normalised === undefined ? undefined : tokenise(tenant, IDENTIFIERS[field], normalised)
}
