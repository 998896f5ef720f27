import type { Redis } from 'ioredis'
import { observeDecisions } from './decision-metrics.ts'
import { createDecideService, type DecideServiceDeps } from './decisions/decide.ts'
import { createReadStates } from './decisions/redis-states.ts'
import { createStageTimes } from './decisions/stage-times.ts'
import type { DecisionStore } from './decisions/store.ts'
import type { GatewayGuard } from './guard/redis-gateway-guard.ts'
import type { Metrics } from './metrics.ts'
import type { LoadedPolicy } from './policy/load.ts'
import { reviewPolicyOf } from './policy/review-policy.ts'
import type { Keys } from './redis/keys.ts'
import { observeReviews } from './review-metrics.ts'
import { createFinishReview } from './reviews/finish-review.ts'
import { createGiveEvidence } from './reviews/give-evidence.ts'
import { createRedisReviewStore } from './reviews/redis-review-store.ts'
import { createReviewQueue } from './reviews/review-queue.ts'
import { createRoundStore } from './reviews/round-store.ts'

export interface LaterRoundsOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly retentionMs: number
  readonly maxEntityBytes: number
  readonly decisions: DecisionStore
  /** What first decisions are made with. */
  readonly deciding: Omit<DecideServiceDeps, 'store' | 'observer' | 'times'>
  readonly policy: () => LoadedPolicy
  readonly nowMs: () => number
  readonly metrics: Metrics
  readonly guard: Pick<GatewayGuard, 'observe' | 'restraintOf'>
}

/** All that leads to a decision behind the first of an application: people, and evidence. */
export function openLaterRounds(options: LaterRoundsOptions) {
  const { decisions, deciding, policy, nowMs, metrics, guard } = options
  const { featureSet, newUuidv7 } = deciding
  const reviews = createRedisReviewStore(options)
  const deps = { decisions, reviews, nowMs }
  const observeReview = observeReviews(metrics)
  // A later decision tells nothing of how applications change: its application was counted before.
  const observer = observeDecisions(metrics, () => policy().policy, { channel: 'evidence' })
  const decide = createDecideService({
    ...deciding,
    store: createRoundStore({ ...deps, readStates: createReadStates(options) }),
    times: createStageTimes(),
    observer: {
      ...observer,
      decided: (answer, application) => {
        observer.decided(answer, application)
        if (answer.outcome === 'APPROVE') guard.observe(answer, application)
      }
    }
  })
  return {
    rounds: reviews.rounds,
    reviewQueue: createReviewQueue({ ...deps, reviewPolicy: () => reviewPolicyOf(policy().policy) }),
    finishReview: createFinishReview({
      ...deps,
      policy,
      featureSet,
      newUuidv7,
      restraintOf: guard.restraintOf,
      onFinished: (finished) => {
        observeReview(finished)
        const { after, application } = finished
        if (after.decision === 'APPROVE') guard.observe({ outcome: 'APPROVE', verdict: after }, application)
      }
    }),
    giveEvidence: createGiveEvidence({ ...deps, decide })
  }
}
