import { type Static, type TSchema, Type } from 'typebox'
import type { Fields } from '../event.ts'
import { hash32 } from '../hash.ts'
import { idSchema } from '../ids.ts'
import { MAX_AMOUNT_MINOR } from '../money.ts'

export const DAY_MS = 86_400_000
export const strict = { additionalProperties: false } as const

interface EventTypeDefinition<Data extends TSchema> {
  /** Stored in profiles: never reused, never changed. */
  readonly code: number
  readonly data: Data
  /** What features can read of the event. Absent stays absent: not told is not 0. */
  readonly fields: (data: Static<Data>, occurredAtMs: number) => Fields
}

export const defineType = <Data extends TSchema>(definition: EventTypeDefinition<Data>) => definition

/** The members of a closed list with the numbers that stand for them in records: never reused, never changed. */
export type Codes<Member extends string> = Readonly<Record<Member, number>>

export function memberOf<Member extends string>(codes: Codes<Member>, description?: string) {
  return Type.Enum(Object.keys(codes) as Member[], description === undefined ? {} : { description })
}

export function codeOf<Member extends string>(codes: Codes<Member>, member: Member | undefined): number | undefined {
  return member === undefined ? undefined : codes[member]
}

/** A category without a closed list (a lender, a city, a shop), by the producer’s own code for it: no free text. */
export const categorySchema = idSchema

export function hashOf(category: string | undefined): number | undefined {
  return category === undefined ? undefined : hash32(category, 0)
}

export function countSchema(description: string, maximum = 1_000_000) {
  return Type.Integer({ minimum: 0, maximum, description })
}

export function durationSchema(description: string) {
  return Type.Integer({ minimum: 0, maximum: 3650 * DAY_MS, description })
}

/** A share in thousandths; above 1000 where more than the whole is possible. */
export function permilleSchema(description: string, { minimum = 0, maximum = 1000 } = {}) {
  return Type.Integer({ minimum, maximum, description: `${description}, in thousandths` })
}

/** An amount that can be owed either way. */
export function signedAmountSchema(description: string) {
  return Type.Integer({ minimum: -MAX_AMOUNT_MINOR, maximum: MAX_AMOUNT_MINOR, description })
}

/** A yes or no as a share of all or nothing. */
export function allOrNothing(flag: boolean | undefined): number | undefined {
  return flag === undefined ? undefined : flag ? 1000 : 0
}
