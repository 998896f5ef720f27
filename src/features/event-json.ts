import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { type AssayEvent, EVENT_TYPE_NAMES } from '../domain/event.ts'
import { TenantSchema } from '../domain/ids.ts'

const Token = Type.String({ minLength: 1, maxLength: 64 })

const LogEventSchema = Type.Object(
  {
    eventId: Type.String(),
    type: Type.Enum(EVENT_TYPE_NAMES),
    occurredAtMs: Type.Integer(),
    tenant: TenantSchema,
    refs: Type.Object(
      {
        applicant: Token,
        device: Type.Optional(Token),
        ip: Type.Optional(Token),
        phone: Type.Optional(Token),
        card: Type.Optional(Token)
      },
      { additionalProperties: false }
    ),
    data: Type.Object({}, { additionalProperties: true })
  },
  { additionalProperties: false }
)
type LogEvent = Static<typeof LogEventSchema>

const check = compileCheck(LogEventSchema)

/** An event as the log keeps it: identifiers are tokens already. */
export function serialiseEvent({ eventId, type, occurredAtMs, tenant, refs, data }: AssayEvent): string {
  return JSON.stringify({ eventId, type, occurredAtMs, tenant, refs, data } satisfies LogEvent)
}

/** Reads what serialiseEvent wrote; undefined for anything else. */
export function parseLogEvent(json: string): AssayEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  return readLogEvent(value)
}

/** The same for what is parsed already. */
export function readLogEvent(value: unknown): AssayEvent | undefined {
  const checked = check(value)
  return checked.ok ? (checked.value as AssayEvent) : undefined
}
