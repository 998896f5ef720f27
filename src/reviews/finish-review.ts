import { holdOf } from '../decisions/exposure.ts'
import type { Restraint } from '../decisions/restraint.ts'
import type { DecisionStore } from '../decisions/store.ts'
import type { Application } from '../domain/application.ts'
import type { Decision } from '../domain/decision.ts'
import type { Owed } from '../domain/exposure.ts'
import { partitionOf, withPartition } from '../domain/ids.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import type { DecisionStanding } from '../domain/standing.ts'
import { AssayError } from '../errors.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import { approveByPerson, type PersonApproval } from '../policy/person.ts'
import { needsSecondPerson, reviewPolicyOf } from '../policy/review-policy.ts'
import type { RoundReply } from '../redis/review-functions.ts'
import { type KeptDecision, readKept } from './kept-decision.ts'
import { composePersonDecision, reasonCodeOf } from './person-decision.ts'
import type { Finish } from './review.ts'
import type { ReviewStore, StoredReview } from './store.ts'

/** Whether somebody is known as a borrower; a first loan has a limit of its own. */
const EARLIER_LOANS = 'applicant.loans_lifetime'
/** How often an approval is made again because another one took of the same limit meanwhile. */
const MAX_TRIES = 3

/** What a finished review tells the metrics. */
export interface FinishedReview {
  readonly finish: Finish
  readonly before: Decision
  readonly after: Decision
  readonly application: Application
  readonly review: StoredReview
  readonly nowMs: number
}

export interface FinishReviewDeps {
  readonly decisions: Pick<DecisionStore, 'read'>
  readonly reviews: Pick<ReviewStore, 'read' | 'noteFirst' | 'commit' | 'owed' | 'standing'>
  /** The policy that decides now; its caps stand above every person. */
  readonly policy: () => LoadedPolicy
  readonly featureSet: { readonly id: string; readonly names: readonly string[] }
  readonly newUuidv7: () => string
  readonly nowMs: () => number
  /** What holds back lending of this kind now; undefined for nothing. */
  readonly restraintOf?: ((application: Application) => Restraint | undefined) | undefined
  readonly onFinished: (finished: FinishedReview) => void
}

export type FinishResult =
  | { readonly kind: 'decided'; readonly answer: string; readonly replay: boolean }
  /** Approved by one person; another one must confirm. */
  | { readonly kind: 'second' }

export type FinishReview = (
  tenant: string,
  decisionId: string,
  reviewer: string,
  finish: Finish
) => Promise<FinishResult>

/**
 * What a person says becomes the next decision of the application, in one atomic step with the end of the review. The same
 * person saying the same again gets the decision that was made.
 *
 * @throws AssayError not_found · review_not_claimed · review_held · review_not_allowed · decision_superseded · store_unavailable ·
 * outcome_unknown
 */
export function createFinishReview(deps: FinishReviewDeps): FinishReview {
  const { decisions, reviews, newUuidv7, nowMs } = deps

  const finishOnce = async (asked: Asked): Promise<FinishResult | 'again'> => {
    const { tenant, reviewer, finish, kept, review } = asked
    const { application } = kept.read.record
    const { decisionId: previousDecisionId } = kept.read.decision
    const now = nowMs()
    const loaded = deps.policy()
    const { policy, id: policyId } = loaded
    const reviewPolicy = reviewPolicyOf(policy)
    const decisionId = withPartition(newUuidv7(), partitionOf(previousDecisionId))
    const [owed, standing] = await Promise.all([
      reviews.owed(application, previousDecisionId, now),
      reviews.standing(application, previousDecisionId, now)
    ])
    const restraint = deps.restraintOf?.(application)
    const verdict =
      finish.action === 'approve'
        ? verdictOf(deps.featureSet, loaded, {
            kept,
            review,
            finish,
            owed,
            standing,
            restraint,
            decisionId,
            nowMs: now
          })
        : undefined
    const grantedMinor = verdict === undefined ? 0 : Math.max(...verdict.offers.map(({ amountMinor }) => amountMinor))
    const needsTwo = verdict !== undefined && needsSecondPerson(reviewPolicy, application.product, grantedMinor)
    const said = { reasonCode: reasonCodeOf(finish), noteCode: finish.noteCode ?? '' }
    if (needsTwo && review.first === undefined) {
      const approval = { ...said, reviewer, nowMs: now, amountMinor: grantedMinor }
      const noted = await reviews.noteFirst(tenant, previousDecisionId, approval)
      if (noted === 'noted') return { kind: 'second' }
      throw refusalOf(noted)
    }
    const confirms = needsTwo ? review.first?.by : undefined
    const { offerValidDays } = policy
    const exposure = { owedMinor: owed.kind === 'known' ? owed.owedMinor : 0, standing, restraint }
    const { applicationId } = application
    const composed = composePersonDecision({
      read: kept.read,
      recordJson: kept.stored.record,
      decisionId,
      nowMs: now,
      finish,
      verdict,
      reviewer,
      firstReviewer: confirms,
      policyId,
      exposure,
      offerValidDays,
      reviewPolicy
    })
    const hold = verdict && holdOf(verdict, { applicationId, nowMs: now, offerValidDays, exposure })
    const committed = await reviews.commit({
      ...said,
      tenant,
      applicationId,
      applicant: application.refs.applicant,
      previousDecisionId,
      decisionId,
      value: composed.value,
      outbox: composed.outbox,
      hold,
      nowMs: now,
      reviewer,
      confirms,
      action: finish.action
    })
    if (committed.kind === 'exposed') return 'again'
    if (committed.kind !== 'committed') throw refusalOf(committed.kind)
    const { decision: before } = kept.read
    deps.onFinished({ finish, before, after: composed.decision, application, review, nowMs: now })
    return { kind: 'decided', answer: composed.answer, replay: false }
  }

  return async (tenant, decisionId, reviewer, finish) => {
    const [kept, [review]] = await Promise.all([
      readKept(decisions, tenant, decisionId),
      reviews.read(tenant, [decisionId])
    ])
    if (review === undefined) throw new AssayError('not_found', 'no such review')
    if (review.done !== undefined) return replay(deps, tenant, review, reviewer, finish)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const result = await finishOnce({ tenant, reviewer, finish, kept, review })
      if (result !== 'again') return result
    }
    throw new AssayError('review_not_allowed', 'the limit is being used elsewhere', {
      problems: [{ field: '/reasons', problem: 'R303' }]
    })
  }
}

interface Asked {
  readonly tenant: string
  readonly reviewer: string
  readonly finish: Finish
  readonly kept: KeptDecision
  readonly review: StoredReview
}

interface Approving {
  readonly kept: KeptDecision
  readonly review: StoredReview
  readonly finish: Extract<Finish, { action: 'approve' }>
  readonly owed: Owed
  readonly standing: DecisionStanding | undefined
  readonly restraint: Restraint | undefined
  readonly decisionId: string
  readonly nowMs: number
}

function verdictOf(
  featureSet: FinishReviewDeps['featureSet'],
  policy: LoadedPolicy,
  { kept, review: { first }, finish: { amountMinor }, owed, standing, restraint, decisionId, nowMs }: Approving
): PersonApproval {
  const { decision, record } = kept.read
  if (amountMinor !== undefined && amountMinor > record.application.amountMinor)
    throw new AssayError('invalid_request', 'nobody asked for so much', {
      problems: [{ field: '/amountMinor', problem: 'is above what was asked for' }]
    })
  if (first !== undefined && amountMinor !== undefined && amountMinor > first.amountMinor)
    throw new AssayError('review_not_allowed', 'the first person approved less')
  if (owed.kind === 'unknown') throw notAllowed(['SYS_EXPOSURE_UNKNOWN'])
  if (standing?.frozen === true) throw notAllowed(['R304'])
  // A pause is for two people to release, not for one who reviews.
  if (restraint?.limitShare === 0) throw notAllowed(['R902'])
  const isOurs = decision.trace.featureSet === featureSet.id
  const values = isOurs ? record.features : new Float64Array(featureSet.names.length).fill(Number.NaN)
  const verdict = approveByPerson(policy, {
    application: record.application,
    score: decision.score,
    amountMinor: amountMinor ?? first?.amountMinor,
    earlierLoans: values[featureSet.names.indexOf(EARLIER_LOANS)] ?? Number.NaN,
    values,
    featureNames: featureSet.names,
    fraudPd: record.fraudPd ?? Number.NaN,
    evidence: record.evidence,
    exposureMinor: owed.owedMinor,
    limitFactor: standing?.limitFactor ?? 1,
    portfolioShare: restraint?.limitShare ?? 1,
    decisionId,
    nowMs
  })
  if (verdict.kind === 'approved') return verdict
  throw notAllowed(verdict.codes)
}

function notAllowed(codes: readonly ReasonCode[]): AssayError {
  const problems = codes.map((code) => ({ field: '/reasons', problem: code }))
  return new AssayError('review_not_allowed', 'it stands above every person', { problems })
}

/** A reply that got lost is asked for again: whoever finished the review gets what was decided. */
async function replay(
  { decisions }: FinishReviewDeps,
  tenant: string,
  { done }: StoredReview,
  reviewer: string,
  { action }: Finish
): Promise<FinishResult> {
  if (done?.by !== reviewer || done.action !== action) throw new AssayError('review_held', 'it is finished')
  const { stored } = await readKept(decisions, tenant, done.nextDecisionId)
  return { kind: 'decided', answer: stored.answer, replay: true }
}

function refusalOf(kind: Exclude<RoundReply['kind'], 'committed' | 'exposed'>): AssayError {
  switch (kind) {
    case 'missing':
      return new AssayError('not_found', 'no such review')
    case 'unheld':
      return new AssayError('review_not_claimed', 'claim it first; a claim runs out')
    case 'done':
      return new AssayError('review_held', 'it is finished')
    case 'firstChanged':
      return new AssayError('review_held', 'the first approval is another one now')
    case 'superseded':
      return new AssayError('decision_superseded', 'a later decision was made meanwhile')
  }
}
