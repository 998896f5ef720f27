import { type Static, type TSchema, Type } from 'typebox'
import { BankCardSchema, IpSchema, PhoneSchema, PRODUCTS, type Refs } from './application.ts'
import { ApplicantIdSchema, ApplicationIdSchema, EventIdSchema, idSchema, LoanIdSchema } from './ids.ts'
import { amountSchema } from './money.ts'

const strict = { additionalProperties: false } as const
const DAY_MS = 86_400_000

/** 2000-01-01: an older event time is a unit error (seconds for milliseconds), not a memory. */
export const OLDEST_EVENT_MS = 946_684_800_000

export function timeSchema(description: string) {
  return Type.Integer({ minimum: OLDEST_EVENT_MS, maximum: 4_102_444_800_000, description })
}

/**
 * The integers of an event that features can read, as named slots that the types share: `code` is a member of a closed list
 * of the type, `hash` 32 bits of a category without one (a lender, a city), `count` a number of things, `permille` a share.
 * Times appear as differences, so that they stay small. The order is part of the stored format, and a byte holds eight.
 */
export const FIELDS = ['amountMinor', 'termDays', 'lagMs', 'durationMs', 'code', 'hash', 'count', 'permille'] as const
export type Field = (typeof FIELDS)[number]
export type Fields = { readonly [F in Field]?: number }

/** Kinds of entity that behaviour is kept for. The order is part of the stored format: only append. */
export const ENTITY_KINDS = ['applicant', 'device', 'ip', 'phone', 'card'] as const
export type EntityKind = (typeof ENTITY_KINDS)[number]

interface EventTypeDefinition<Data extends TSchema> {
  /** Stored in profiles: never reused, never changed. */
  readonly code: number
  readonly data: Data
  readonly fields: (data: Static<Data>, occurredAtMs: number) => Fields
}

const defineType = <Data extends TSchema>(definition: EventTypeDefinition<Data>) => definition

/** Every type of event the service understands: its payload and what of it is remembered. */
export const EVENT_TYPES = {
  'application.submitted': defineType({
    code: 1,
    data: Type.Object(
      {
        applicationId: ApplicationIdSchema,
        product: Type.Enum([...PRODUCTS]),
        amountMinor: Type.Optional(amountSchema('Amount asked for', 1)),
        termDays: Type.Integer({ minimum: 1, maximum: 3650 })
      },
      strict
    ),
    fields: ({ amountMinor, termDays }) => ({ termDays, ...(amountMinor !== undefined && { amountMinor }) })
  }),
  'loan.disbursed': defineType({
    code: 2,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        principalMinor: Type.Optional(amountSchema('Paid out', 1)),
        termDays: Type.Integer({ minimum: 1, maximum: 3650 })
      },
      strict
    ),
    fields: ({ principalMinor, termDays }) => ({
      termDays,
      ...(principalMinor !== undefined && { amountMinor: principalMinor })
    })
  }),
  'repayment.received': defineType({
    code: 3,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        instalmentNo: Type.Integer({ minimum: 1, maximum: 1000 }),
        dueAtMs: timeSchema('When the instalment was due'),
        amountMinor: Type.Optional(amountSchema('Received'))
      },
      strict
    ),
    fields: ({ dueAtMs, amountMinor }, occurredAtMs) => ({
      lagMs: occurredAtMs - dueAtMs,
      ...(amountMinor !== undefined && { amountMinor })
    })
  }),
  'repayment.failed': defineType({
    code: 4,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        instalmentNo: Type.Integer({ minimum: 1, maximum: 1000 }),
        amountMinor: amountSchema('Tried')
      },
      strict
    ),
    fields: ({ amountMinor }) => ({ amountMinor })
  }),
  'loan.closed': defineType({
    code: 5,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        disbursedAtMs: timeSchema('When the loan was paid out'),
        dueAtMs: timeSchema('When the last instalment was due')
      },
      strict
    ),
    fields: ({ disbursedAtMs, dueAtMs }, occurredAtMs) => ({
      termDays: Math.max(0, Math.round((dueAtMs - disbursedAtMs) / DAY_MS)),
      lagMs: occurredAtMs - dueAtMs,
      durationMs: occurredAtMs - disbursedAtMs
    })
  }),
  'auth.login': defineType({ code: 6, data: Type.Object({}, strict), fields: () => ({}) }),
  'profile.changed': defineType({
    code: 7,
    data: Type.Object(
      { field: Type.Enum(['phone', 'address', 'employer', 'income', 'bankCard', 'emergencyContact']) },
      strict
    ),
    fields: () => ({})
  })
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
  { ...strict, $id: 'Event' }
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

/** How far ahead of our clock an event may be: clocks of producers differ, the future does not count. */
export const MAX_AHEAD_MS = 300_000
