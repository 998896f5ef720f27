import type { DecisionStore } from '../decisions/store.ts'
import { AssayError } from '../errors.ts'
import type { ReviewPolicy } from '../policy/review-policy.ts'
import { type KeptDecision, readKept } from './kept-decision.ts'
import type { Review, ReviewCause, ReviewState } from './review.ts'
import { describeReview, stateOf } from './review-view.ts'
import type { ReviewPlace, ReviewStore } from './store.ts'

const MINUTE_MS = 60_000
/** Places looked at for one page: a filter may leave most of them out, and the next page goes on behind them. */
const MAX_LOOKED_AT = 200

export interface ReviewQueueDeps {
  readonly decisions: Pick<DecisionStore, 'read'>
  readonly reviews: ReviewStore
  readonly reviewPolicy: () => ReviewPolicy
  readonly nowMs: () => number
}

export interface ReviewPage {
  readonly reviews: readonly Review[]
  /** Where the next page begins; undefined when there is none. */
  readonly next: ReviewPlace | undefined
}

export interface ReviewQueue {
  readonly list: (
    tenant: string,
    page: {
      readonly state: ReviewState | undefined
      readonly cause: ReviewCause | undefined
      readonly after: ReviewPlace | undefined
      readonly limit: number
    }
  ) => Promise<ReviewPage>
  readonly read: (tenant: string, decisionId: string) => Promise<Review>
  /** Takes a review for a person until the claim runs out. */
  readonly claim: (tenant: string, decisionId: string, reviewer: string) => Promise<Review>
  /** A borrower asks for a person to decide. The same again changes nothing. */
  readonly request: (tenant: string, decisionId: string, requestCode: string | undefined) => Promise<Review>
}

/** @throws AssayError not_found · review_held · review_not_open · decision_superseded · reviews_full · store_unavailable */
export function createReviewQueue({ decisions, reviews, reviewPolicy, nowMs }: ReviewQueueDeps): ReviewQueue {
  const describe = async (tenant: string, kept: KeptDecision, decisionId: string): Promise<Review> => {
    const [review] = await reviews.read(tenant, [decisionId])
    if (review === undefined) throw new AssayError('not_found', 'no such review')
    return describeReview(review, kept.read, nowMs())
  }
  const read = async (tenant: string, decisionId: string) =>
    describe(tenant, await readKept(decisions, tenant, decisionId), decisionId)

  return {
    read,
    list: async (tenant, { state, cause, after, limit }) => {
      const looked = Math.min(MAX_LOOKED_AT, state === undefined && cause === undefined ? limit : MAX_LOOKED_AT)
      const places = await reviews.list(tenant, state === 'done' ? 'done' : 'open', { after, limit: looked })
      const stored = await reviews.read(
        tenant,
        places.map(({ decisionId }) => decisionId)
      )
      const now = nowMs()
      const fits = stored.map((review) => {
        if (review === undefined) return false
        return (
          (state === undefined || stateOf(review, now) === state) && (cause === undefined || review.cause === cause)
        )
      })
      const chosen = places.flatMap((_, index) => (fits[index] ? [index] : [])).slice(0, limit)
      const isCut = chosen.length === limit
      const lastLooked = isCut ? chosen.at(-1) : places.length - 1
      const hasMore = places.length === looked || (lastLooked ?? -1) < places.length - 1
      const described = chosen.map(async (index) => {
        const review = stored[index]
        const kept = await readKept(decisions, tenant, places[index]?.decisionId ?? '').catch(leaveOut)
        return review && kept && describeReview(review, kept.read, now)
      })
      return {
        reviews: (await Promise.all(described)).filter((review) => review !== undefined),
        next: hasMore && places.length > 0 ? places[lastLooked ?? 0] : undefined
      }
    },
    claim: async (tenant, decisionId, reviewer) => {
      const kept = await readKept(decisions, tenant, decisionId)
      const now = nowMs()
      const untilMs = now + reviewPolicy().claimMinutes * MINUTE_MS
      const claimed = await reviews.claim(tenant, decisionId, { reviewer, nowMs: now, untilMs })
      switch (claimed) {
        case 'claimed':
          return describe(tenant, kept, decisionId)
        case 'missing':
          throw new AssayError('not_found', 'no such review')
        case 'held':
          throw new AssayError('review_held', 'another person holds it until the claim runs out')
        case 'done':
          throw new AssayError('review_held', 'it is finished')
        case 'first':
          throw new AssayError('review_held', 'you approved it: another person must confirm')
      }
    },
    request: async (tenant, decisionId, requestCode) => {
      const kept = await readKept(decisions, tenant, decisionId)
      const { decision } = kept.read
      if (decision.decidedBy === 'HUMAN') throw new AssayError('review_not_open', 'a person made this decision')
      if (decision.decision === 'APPROVE' && decision.reasons.length === 0)
        throw new AssayError('review_not_open', 'all that was asked for was approved')
      const now = nowMs()
      const dueAtMs = now + reviewPolicy().slaMinutes * MINUTE_MS
      const { applicationId } = decision
      const asked = { tenant, decisionId, applicationId, cause: 'REQUEST', nowMs: now, dueAtMs, requestCode } as const
      const opened = await reviews.open(asked)
      if (opened === 'full')
        throw new AssayError('reviews_full', 'the request was not taken', { retryAfterSeconds: 3600 })
      if (opened === 'superseded') throw new AssayError('decision_superseded', 'ask about the latest decision')
      const review = await describe(tenant, kept, decisionId)
      if (review.state === 'done') throw new AssayError('decision_superseded', 'ask about the latest decision')
      return review
    }
  }
}

/** A decision whose bytes cannot be read must not hide the others; what Redis does not answer is a fault. */
function leaveOut(error: unknown): undefined {
  if (error instanceof AssayError && (error.code === 'not_found' || error.code === 'internal_error')) return undefined
  throw error
}
