import type { AssayEvent } from '../domain/event.ts'
import { AssayError } from '../errors.ts'
import { readStoredDecision } from './record.ts'
import type { StoredDecision } from './store.ts'

/**
 * The event by which a decision’s offers end: its id comes from the decision, so that cancelling twice is cancelling once.
 * Undefined when there is nothing to cancel.
 *
 * @throws AssayError internal_error when the stored decision cannot be read
 */
export function cancellationOf(stored: StoredDecision, nowMs: number): AssayEvent | undefined {
  const read = readStoredDecision(stored)
  if (!read.ok) throw new AssayError('internal_error', 'a stored decision is not one', { problems: read.problems })
  const { decision, record } = read.value
  if (decision.offers.length === 0) return undefined
  const { decisionId, applicationId } = decision
  const { tenant, refs } = record.application
  return {
    eventId: `cancelled:${decisionId}`,
    type: 'application.withdrawn',
    occurredAtMs: nowMs,
    tenant,
    refs: { applicant: refs.applicant },
    data: { applicationId, decisionId }
  }
}
