import type { ReadDecision } from '../decisions/record.ts'
import type { Review, ReviewState } from './review.ts'
import type { StoredReview } from './store.ts'

/** What a review is at an instant: a claim that ran out leaves it open again. */
export function stateOf({ done, first, claim }: StoredReview, nowMs: number): ReviewState {
  if (done !== undefined) return 'done'
  if (claim !== undefined && claim.untilMs > nowMs) return 'claimed'
  return first === undefined ? 'open' : 'second'
}

/** A review with what it is about, as a reviewer sees it. */
export function describeReview(review: StoredReview, { decision, record }: ReadDecision, nowMs: number): Review {
  const { decisionId, claim, first, done } = review
  const state = stateOf(review, nowMs)
  const endMs = done?.atMs ?? nowMs
  const { product, amountMinor, currency } = record.application
  const self = `/v1/reviews/${decisionId}`
  return {
    decisionId,
    state,
    cause: review.cause,
    ...(review.requestedAtMs !== undefined && { requestedAt: toInstant(review.requestedAtMs) }),
    ...(review.requestCode !== undefined && { requestCode: review.requestCode as Review['requestCode'] & string }),
    createdAt: toInstant(review.createdAtMs),
    dueAt: toInstant(review.dueAtMs),
    ageSeconds: Math.max(0, Math.floor((endMs - review.createdAtMs) / 1000)),
    isOverdue: endMs > review.dueAtMs,
    ...(state === 'claimed' && claim && { claimedBy: claim.by, claimedUntil: toInstant(claim.untilMs) }),
    ...(first && {
      firstApproval: {
        by: first.by,
        at: toInstant(first.atMs),
        reasonCode: first.reasonCode,
        amountMinor: first.amountMinor
      }
    }),
    ...(done && {
      finished: {
        action: done.action,
        ...(done.by !== '' && { by: done.by }),
        at: toInstant(done.atMs),
        ...(done.reasonCode !== '' && { reasonCode: done.reasonCode }),
        ...(done.noteCode !== '' && { noteCode: done.noteCode }),
        nextDecisionId: done.nextDecisionId
      }
    }),
    decision: {
      applicationId: decision.applicationId,
      decision: decision.decision,
      product,
      amountMinor,
      currency,
      reasons: decision.reasons,
      score: decision.score
    },
    links: { self, decision: `/v1/decisions/${decisionId}`, explanation: `/v1/decisions/${decisionId}/explanation` }
  }
}

function toInstant(ms: number): string {
  return new Date(ms).toISOString()
}
