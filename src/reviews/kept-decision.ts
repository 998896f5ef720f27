import { type ReadDecision, readStoredDecision } from '../decisions/record.ts'
import type { DecisionStore, StoredDecision } from '../decisions/store.ts'
import { AssayError } from '../errors.ts'

export interface KeptDecision {
  readonly stored: StoredDecision
  readonly read: ReadDecision
}

/**
 * A kept decision of a tenant with its record.
 *
 * @throws AssayError not_found · store_unavailable · internal_error when its bytes cannot be read
 */
export async function readKept(
  decisions: Pick<DecisionStore, 'read'>,
  tenant: string,
  decisionId: string
): Promise<KeptDecision> {
  const stored = await decisions.read(tenant, decisionId)
  if (stored === undefined) throw new AssayError('not_found', 'no such decision')
  const read = readStoredDecision(stored)
  if (read.ok) return { stored, read: read.value }
  const cause = new Error(read.problems.map(({ field, problem }) => `${field} ${problem}`).join('; '))
  throw new AssayError('internal_error', 'the record of the decision cannot be read', { cause })
}
