import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { TenantSchema } from '../domain/ids.ts'
import { IDENTIFIER_FIELDS } from '../edge/identifiers.ts'

/** Why an entry did not become an event. But for the first they are codes that HTTP answers with (docs/errors.md). */
export const LETTER_REASONS = [
  'unknown_tenant',
  'malformed_json',
  'invalid_request',
  'body_too_large',
  'backlog',
  'internal_error'
] as const
export type LetterReason = (typeof LETTER_REASONS)[number]

/** A dead letter as it is stored. No plain identifier of a person is in it. */
export const LetterSchema = Type.Object(
  {
    inboxId: Type.String({ description: 'Id that XADD gave to the producer' }),
    tenant: Type.Union([TenantSchema, Type.Null()], { description: 'null when the entry named none' }),
    reason: Type.Enum([...LETTER_REASONS]),
    problems: Type.Array(
      Type.Object({ field: Type.String(), problem: Type.String() }, { additionalProperties: false })
    ),
    event: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description: 'null when the text was no JSON object'
    }),
    tokens: Type.Array(Type.Enum([...IDENTIFIER_FIELDS]), { description: 'Fields of the event that hold tokens' }),
    removed: Type.Array(Type.String(), {
      description: 'Pointers to values that may have identified a person: now null'
    }),
    deliveries: Type.Integer({ description: 'How often the entry was tried' }),
    chars: Type.Integer({ description: 'Length of the text' }),
    digest: Type.String({ description: 'Keyed token of the text: equal for equal texts' }),
    keyMark: Type.String({ description: 'Tells with which key the tokens were made' }),
    isCorrected: Type.Boolean()
  },
  { additionalProperties: false }
)
export type Letter = Static<typeof LetterSchema>

const check = compileCheck(LetterSchema)

/** Reads a stored letter; undefined for anything else. */
export function parseLetter(json: string): Letter | undefined {
  try {
    const checked = check(JSON.parse(json))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}
