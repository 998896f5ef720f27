import { Type } from 'typebox'

const ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$'

/** An identifier chosen by a partner. ASCII only, so that one person can not be spelled in two ways. */
export function idSchema(description: string) {
  return Type.String({ pattern: ID_PATTERN, description })
}

export const ApplicationIdSchema = idSchema('The partner’s id of the application: one application gets one decision')
export const ApplicantIdSchema = idSchema('The partner’s pseudonymous id of the person')
export const EventIdSchema = idSchema('Unique per event: the same id again changes nothing')
export const LoanIdSchema = idSchema('The partner’s id of the loan')
export const TenantSchema = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description: 'A partner with keys' })

export const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$'
export const DecisionIdSchema = Type.String({ pattern: UUID_PATTERN, description: 'UUIDv7 that carries its partition' })

/**
 * Puts the partition into the twelve bits that RFC 9562 leaves to the maker of a UUIDv7 (rand_a), so that a decision
 * can be found from its id alone. 62 random bits remain.
 */
export function withPartition(uuidv7: string, partition: number): string {
  return `${uuidv7.slice(0, 15)}${partition.toString(16).padStart(3, '0')}${uuidv7.slice(18)}`
}

/** The partition in a decision id; the id must match UUID_PATTERN. */
export function partitionOf(decisionId: string): number {
  return Number.parseInt(decisionId.slice(15, 18), 16)
}
