import type { PartnerKeys } from './access/partner-keys.ts'
import type { Metrics } from './metrics.ts'
import type { FinishedReview } from './reviews/finish-review.ts'
import type { ReviewStore } from './reviews/store.ts'

/** A queue of people moves slowly: a minute is soon enough. */
const KEEP_MS = 60_000

/** What finished reviews tell Prometheus. */
export function observeReviews(metrics: Metrics): (finished: FinishedReview) => void {
  const finished = metrics.counter('credit_reviews_finished_total')
  const overrides = metrics.counter('credit_manual_overrides_total')
  const decisions = metrics.counter('credit_decisions_total')
  return ({ finish: { action }, before, after, application: { product }, review, nowMs }) => {
    finished.inc({ product, decision: before.decision, action, in_time: nowMs <= review.dueAtMs ? 'yes' : 'no' })
    decisions.inc({ product, channel: 'review', decision: after.decision, stage: 'FINAL' })
    if (action === 'approve' && before.decision === 'DECLINE') overrides.inc({ product, direction: 'up' })
    if (action === 'decline' && before.decision === 'APPROVE') overrides.inc({ product, direction: 'down' })
  }
}

export interface ReviewGaugesDeps {
  readonly metrics: Metrics
  readonly reviews: Pick<ReviewStore, 'count'>
  readonly partnerKeys: Pick<PartnerKeys, 'list'>
  readonly nowMs: () => number
  readonly monotonicMs: () => number
}

/** Shows how many reviews wait and how long; to be called before each scrape, reads at most once a minute. */
export function createReviewGauges({ metrics, reviews, partnerKeys, nowMs, monotonicMs }: ReviewGaugesDeps) {
  const pending = metrics.gauge('credit_manual_review_pending')
  const overdue = metrics.gauge('credit_manual_review_overdue')
  const oldest = metrics.gauge('credit_manual_review_oldest_age_seconds')
  let readAgainAtMs = Number.NEGATIVE_INFINITY
  return async (): Promise<void> => {
    if (monotonicMs() < readAgainAtMs) return
    const now = nowMs()
    const tenants = new Set((await partnerKeys.list()).map(({ tenant }) => tenant))
    const sums = { open: 0, overdue: 0, createdAtMs: now }
    for (const tenant of tenants) {
      const { open, overdue: late, oldestCreatedAtMs } = await reviews.count(tenant, now)
      sums.open += open
      sums.overdue += late
      sums.createdAtMs = Math.min(sums.createdAtMs, oldestCreatedAtMs ?? now)
    }
    readAgainAtMs = monotonicMs() + KEEP_MS
    pending.set(sums.open)
    overdue.set(sums.overdue)
    oldest.set((now - sums.createdAtMs) / 1000)
  }
}
