import { type Static, Type } from 'typebox'
import { BankCardSchema, IpSchema, PhoneSchema, type Refs } from './application.ts'
import { timeSchema } from './event-time.ts'
import { ACCOUNT_EVENTS } from './events/account-events.ts'
import { CREDIT_EVENTS } from './events/credit-events.ts'
import { LOAN_EVENTS } from './events/loan-events.ts'
import { ORDER_EVENTS } from './events/order-events.ts'
import { SESSION_EVENTS } from './events/session-events.ts'
import { ApplicantIdSchema, EventIdSchema, idSchema } from './ids.ts'

/**
 * The integers of an event that features can read, as named slots that the types share: `code` is a member of a closed list
 * of the type or a set of them as bits, `hash` 32 bits of a category without one (a lender, a city), `count` a number of
 * things, `permille` a share; a yes is a share of 1000 or a count of 1. Times appear as differences, so that they stay small.
 * What is not told is absent. The order is part of the stored format, and a byte holds eight.
 */
export const FIELDS = ['amountMinor', 'termDays', 'lagMs', 'durationMs', 'code', 'hash', 'count', 'permille'] as const
export type Field = (typeof FIELDS)[number]
export type Fields = { readonly [F in Field]?: number | undefined }

/** Kinds of entity that behaviour is kept for. The order is part of the stored format: only append. */
export const ENTITY_KINDS = ['applicant', 'device', 'ip', 'phone', 'card'] as const
export type EntityKind = (typeof ENTITY_KINDS)[number]

/** Every type of event the service understands: its payload and what of it is remembered. */
export const EVENT_TYPES = {
  ...LOAN_EVENTS,
  ...ACCOUNT_EVENTS,
  ...SESSION_EVENTS,
  ...CREDIT_EVENTS,
  ...ORDER_EVENTS
} as const

export type EventType = keyof typeof EVENT_TYPES
export const EVENT_TYPE_NAMES = Object.keys(EVENT_TYPES) as EventType[]

/** A fact as a producer posts it. `data` is checked by the schema of its type. */
export const EventInputSchema = Type.Object(
  {
    eventId: EventIdSchema,
    type: Type.Enum(EVENT_TYPE_NAMES),
    occurredAtMs: timeSchema('When it happened, in milliseconds since 1970-01-01T00:00:00Z'),
    applicantId: ApplicantIdSchema,
    deviceId: Type.Optional(idSchema('Fingerprint of the device')),
    ip: Type.Optional(IpSchema),
    phone: Type.Optional(PhoneSchema),
    bankCard: Type.Optional(BankCardSchema),
    data: Type.Object({}, { additionalProperties: true, description: 'Depends on the type' })
  },
  { additionalProperties: false, $id: 'Event' }
)
export type EventInput = Static<typeof EventInputSchema>

/** An event behind the edge: identifiers are tokens. */
export interface AssayEvent {
  readonly eventId: string
  readonly type: EventType
  readonly occurredAtMs: number
  readonly tenant: string
  readonly refs: Refs
  readonly data: object
}
