import type { ReviewEvent } from '../domain/review-event.ts'
import type { EmitWebhook } from '../webhooks/emit.ts'
import type { ReviewStore } from './store.ts'

export interface ReviewRelayDeps {
  readonly reviews: Pick<ReviewStore, 'open'>
  /** Told again after a crash: the key says what is the same. */
  readonly emit?: EmitWebhook | undefined
}

/** Does what a decision left for the reviews; everything may be done twice. */
export function createReviewRelay({ reviews, emit }: ReviewRelayDeps): (event: ReviewEvent) => Promise<void> {
  return async (event) => {
    const { tenant, decisionId, atMs } = event
    if (event.kind === 'review.open') {
      const { applicationId, dueAtMs } = event
      await reviews.open({ tenant, decisionId, applicationId, cause: 'REFER', nowMs: atMs, dueAtMs })
      return
    }
    const { previousDecisionId, action } = event
    const told = { tenant, aggregateId: previousDecisionId, occurredAtMs: atMs }
    const data = { decisionId, previousDecisionId }
    await emit?.({ ...told, type: 'decision.updated', dedupeKey: `decision.updated:${decisionId}`, data })
    if (action !== 'evidence') {
      const dedupeKey = `review.completed:${decisionId}`
      await emit?.({ ...told, type: 'review.completed', dedupeKey, data: { ...data, action } })
    }
  }
}
