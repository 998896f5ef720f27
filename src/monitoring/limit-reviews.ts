import type { Redis } from 'ioredis'
import { parseStanding, type Standing } from '../domain/standing.ts'
import { loanAsOf } from '../loans/fold-loan.ts'
import type { Loan } from '../loans/loan-schema.ts'
import type { LoanStore } from '../loans/loan-store.ts'
import { type Borrower, walkBorrowers } from '../loans/redis-borrowers.ts'
import { type Keys, partitionOfText } from '../redis/keys.ts'
import { replaceStanding } from '../redis/standing-functions.ts'
import type { EmitWebhook } from '../webhooks/emit.ts'
import { type LimitReview, reviewLimit } from './limit-review.ts'
import type { RunScheduled, ScheduledJob } from './scheduled-job.ts'

const DAY_MS = 86_400_000
/** Of one person; more are a mistake of their producer. */
const MAX_LOANS = 200
const MAX_TRIES = 3
/** A change whose telling may have been cut off is told again this long; the webhook is told once. */
const TELL_AGAIN_MS = 7 * DAY_MS

/** Gives back what was held back once there is cause to, and holds back what nobody saw in between. */
export const limitReviewJob = {
  name: 'limit-review',
  queue: 'portfolio',
  schedule: { pattern: '0 3 1 * *' },
  once: 'how the person stands, compared and set'
} as const satisfies ScheduledJob

export interface LimitReviewsDeps {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'listByApplicant'>
  readonly emit: EmitWebhook
  readonly nowMs: () => number
  readonly onReviewed: (action: LimitReview['action']) => void
}

export type ReviewLimitOf = (person: Borrower) => Promise<void>

/**
 * Reviews the limit of one person and keeps what it comes to where the next decision reads it. Two reviews at once: the second
 * finds that the standing has changed and begins anew.
 */
export function createReviewLimit({ redis, keys, loans, emit, nowMs, onReviewed }: LimitReviewsDeps): ReviewLimitOf {
  return async ({ tenant, applicantToken }) => {
    const key = keys.standing(partitionOfText(applicantToken), tenant, applicantToken)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const atMs = nowMs()
      const [raw, stored] = await Promise.all([
        redis.get(key),
        loans.listByApplicant(tenant, applicantToken, { limit: MAX_LOANS })
      ])
      const theirs = stored.map(({ history }) => loanAsOf(history, atMs)).filter((loan) => loan !== undefined)
      const current = raw === null ? undefined : parseStanding(raw)
      const review = reviewLimit(theirs, current, atMs)
      const tell = () => emit(changeOf(tenant, applicantToken, theirs, review))
      // Nothing is left that would say so later.
      if (review.standing === undefined && review.action === 'raise') await tell()
      const isSet = review.action === 'keep' || (await replaceStanding(redis, key, raw, review.standing, atMs))
      if (!isSet) continue
      const isFresh = review.standing !== undefined && atMs - review.standing.sinceMs < TELL_AGAIN_MS
      if (isFresh) await tell()
      onReviewed(review.action)
      return
    }
  }
}

/** Reviews everybody with a loan, a few at a time. */
export function createLimitReview(redis: Redis, keys: Keys, review: ReviewLimitOf): RunScheduled {
  return async () => {
    for await (const people of walkBorrowers(redis, keys)) for (const person of people) await review(person)
    return 'done'
  }
}

/** The person is named by the newest loan of theirs: the partner knows no other name that we keep. */
function changeOf(tenant: string, applicantToken: string, loans: readonly Loan[], { standing }: LimitReview) {
  const newest = loans.toSorted((left, right) => right.disbursedAtMs - left.disbursedAtMs)[0]
  const { state, limitFactor, sinceMs, untilMs, reasons } = standing ?? GIVEN_BACK
  const loanId = newest?.loanId ?? 'none'
  return {
    tenant,
    type: 'limit.changed' as const,
    aggregateId: loanId,
    dedupeKey: `limit:${applicantToken}:${state}:${limitFactor}:${sinceMs || newest?.asOfMs}`,
    occurredAtMs: sinceMs || (newest?.asOfMs ?? 0),
    data: { loanId, state, limitFactor, reasons: [...reasons], untilMs: untilMs || null }
  }
}

const GIVEN_BACK: Omit<Standing, 'state'> & { readonly state: 'open' } = {
  state: 'open',
  limitFactor: 1,
  sinceMs: 0,
  untilMs: 0,
  reasons: ['paid_in_time']
}
