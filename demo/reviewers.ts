import { createChance } from '../load-tests/simulator/chance.ts'
import { DAY_MS } from '../load-tests/simulator/world.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { Finish, Review } from '../src/reviews/review.ts'
import type { DemoService } from './service.ts'
import type { DemoApplication } from './world.ts'

export interface ReviewersOptions {
  readonly seed: number
  readonly service: Pick<DemoService, 'reviews' | 'finish'>
  readonly applicationOf: (applicationId: string) => DemoApplication | undefined
  /** A person decided, by the next decision of the application. */
  readonly onDecided: (application: DemoApplication, decision: Decision) => void
}

/** Frauds that a person sees through, and what else a person does. */
const SEEN_THROUGH_SHARE = 0.9
const HONEST = { approve: 0.62, decline: 0.3, return: 0.08 } as const
/** Most reviews are done on the day they come; some wait for days, so that a few are late. */
const LATE_SHARE = 0.08
const LATE_DAYS = 3

/** The people at the review desk, once a day: each review is claimed and finished as its application deserves, mostly. */
export function createReviewers({ seed, service, applicationOf, onDecided }: ReviewersOptions) {
  /** A review that was given back comes again. */
  const looks = new Map<string, number>()

  const finish = async (review: Review, application: DemoApplication, dayMs: number): Promise<void> => {
    const { applicationId } = review.decision
    const look = looks.get(applicationId) ?? 0
    const chance = createChance(seed, `review ${applicationId} ${look}`)
    if (chance.is(LATE_SHARE) && dayMs - Date.parse(review.createdAt) < LATE_DAYS * DAY_MS) return
    looks.set(applicationId, look + 1)
    const { truth } = application
    const action = truth.isFraud && chance.is(SEEN_THROUGH_SHARE) ? 'decline' : chance.weighted(HONEST)
    const decline: Finish = { action: 'decline', reasonCodes: [truth.isFraud ? 'R501' : 'R301'] }
    const reviewer = chance.whole(0, 1)
    const { decisionId } = review
    if (action === 'return') {
      const back: Finish = { action, reasonCode: 'EVIDENCE_MISSING', nextActions: ['STEP_UP_INCOME_PROOF'] }
      const decision = await service.finish(decisionId, reviewer, back)
      if (typeof decision !== 'string') onDecided(application, decision)
      return
    }
    const wanted: Finish = action === 'approve' ? { action, reasonCode: 'INCOME_VERIFIED' } : decline
    let decision = await service.finish(decisionId, reviewer, wanted)
    if (decision === 'second') decision = await service.finish(decisionId, reviewer + 1, wanted)
    if (decision === 'not_allowed' && action === 'approve')
      decision = await service.finish(decisionId, reviewer, decline)
    if (typeof decision !== 'string') onDecided(application, decision)
  }

  return async (nowMs: number): Promise<void> => {
    const reviews = await service.reviews()
    // By the application, for ids of decisions are random.
    const sorted = reviews.toSorted((one, other) =>
      one.decision.applicationId < other.decision.applicationId ? -1 : 1
    )
    for (const review of sorted) {
      const application = applicationOf(review.decision.applicationId)
      if (application !== undefined) await finish(review, application, nowMs)
    }
  }
}
