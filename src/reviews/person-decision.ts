import type { OutboxEntry } from '../decisions/answer.ts'
import type { ExposureReading } from '../decisions/exposure.ts'
import type { ReadDecision } from '../decisions/record.ts'
import type { Decision } from '../domain/decision.ts'
import { rankReasons } from '../domain/reasons.ts'
import type { ReviewEvent } from '../domain/review-event.ts'
import type { PersonApproval } from '../policy/person.ts'
import type { ReviewPolicy } from '../policy/review-policy.ts'
import { offersEndMs } from '../policy/validity.ts'
import type { Finish } from './review.ts'

const MINUTE_MS = 60_000

export interface PersonDecisionInput {
  /** The decision that the person looked at, and the second line of its bytes. */
  readonly read: ReadDecision
  readonly recordJson: string
  readonly decisionId: string
  readonly nowMs: number
  readonly finish: Finish
  /** Of an approval. */
  readonly verdict: PersonApproval | undefined
  readonly reviewer: string
  readonly firstReviewer: string | undefined
  readonly policyId: string
  /** What the applicant owed or was offered for other applications, and how the applicant stood. */
  readonly exposure: ExposureReading
  readonly offerValidDays: number
  readonly reviewPolicy: ReviewPolicy
}

export interface PersonDecision {
  readonly decision: Decision
  readonly answer: string
  readonly value: Buffer
  readonly outbox: readonly string[]
}

/** Turns what a person said into the next decision of the application. Pure. */
export function composePersonDecision(input: PersonDecisionInput): PersonDecision {
  const { read, decisionId, nowMs, finish, verdict } = input
  const { decision: before, record } = read
  const { tenant } = record.application
  const offers = verdict?.offers ?? []
  const decision: Decision = {
    decisionId,
    applicationId: before.applicationId,
    decision: finish.action === 'approve' ? 'APPROVE' : finish.action === 'decline' ? 'DECLINE' : 'REFER',
    decidedAt: new Date(nowMs).toISOString(),
    validUntil:
      offers.length === 0
        ? null
        : new Date(offersEndMs(nowMs, input.offerValidDays, verdict?.statutory?.stricterFromMs)).toISOString(),
    score: before.score,
    limit: verdict?.limit ?? null,
    offers: offers as Decision['offers'],
    reasons: reasonsOf(input) as Decision['reasons'],
    trace: traceOf(before.trace, input),
    ...(finish.action === 'return' && { nextActions: actionsOf(finish.nextActions, input) }),
    round: (before.round ?? 1) + 1,
    previousDecisionId: before.decisionId,
    decidedBy: 'HUMAN',
    links: linksOf(decisionId, finish, verdict)
  }
  const answer = JSON.stringify(decision)
  const { action, noteCode } = finish
  const review = {
    by: input.reviewer,
    ...(input.firstReviewer !== undefined && { first: input.firstReviewer }),
    action,
    reasonCode: reasonCodeOf(finish),
    ...(noteCode !== undefined && { noteCode })
  }
  const recordJson = JSON.stringify({ ...JSON.parse(input.recordJson), ...readOf(input), review })
  return { decision, answer, value: Buffer.from(`${answer}\n${recordJson}`), outbox: outboxOf(input, tenant) }
}

/** What is kept beside the review: the reason of an approval or return, the first one of a decline. */
export function reasonCodeOf(finish: Finish): string {
  return finish.action === 'decline' ? (finish.reasonCodes[0] as string) : finish.reasonCode
}

/** An approval is under the rule packs of its own instant; nothing asks them where a person declines or returns. */
function traceOf({ rulePacks, ...before }: Decision['trace'], { policyId, verdict }: PersonDecisionInput) {
  const packs = verdict === undefined ? rulePacks : verdict.statutory?.packs
  return { ...before, policy: policyId, ...(packs && { rulePacks: [...packs] }) }
}

/** What an approval was made with, in the place of what the decision before it was made with. */
function readOf({ verdict, exposure }: PersonDecisionInput) {
  if (verdict === undefined) return {}
  const { statutory } = verdict
  const rules = statutory && { ...JSON.parse(`{${statutory.evaluatedJson}}`), results: statutory.results }
  const { owedMinor: exposureMinor, standing, restraint } = exposure
  return { exposureMinor, exposureFault: undefined, standing, restraint, rules }
}

function reasonsOf({ finish, verdict, read }: PersonDecisionInput) {
  if (finish.action === 'approve') return verdict?.reasons ?? []
  if (finish.action === 'decline') return rankReasons(finish.reasonCodes)
  return read.decision.reasons
}

function actionsOf(types: Extract<Finish, { action: 'return' }>['nextActions'], input: PersonDecisionInput) {
  const { stepUpMinutes, stepUpAttempts } = input.reviewPolicy
  const expiresAt = new Date(input.nowMs + stepUpMinutes * MINUTE_MS).toISOString()
  return types.map((type) => ({ type, expiresAt, attemptsLeft: stepUpAttempts }))
}

function linksOf(decisionId: string, finish: Finish, verdict: PersonDecisionInput['verdict']): Decision['links'] {
  const self = `/v1/decisions/${decisionId}`
  const isAdverse = finish.action !== 'approve' || (verdict?.reasons.length ?? 0) > 0
  return {
    self,
    explanation: `${self}/explanation`,
    ...(isAdverse && { notice: `${self}/notice` }),
    ...(finish.action === 'return' && { evidence: `${self}/evidence` })
  }
}

function outboxOf({ read, decisionId, nowMs, verdict, finish }: PersonDecisionInput, tenant: string): string[] {
  const event: ReviewEvent = {
    kind: 'review.completed',
    tenant,
    decisionId,
    previousDecisionId: read.decision.decisionId,
    action: finish.action,
    atMs: nowMs
  }
  const told = [JSON.stringify(event)]
  if (verdict === undefined) return told
  const { utcOffsetMinutes } = verdict
  return [JSON.stringify({ decisionId, tenant, utcOffsetMinutes } satisfies OutboxEntry), ...told]
}
