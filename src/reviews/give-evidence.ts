import type { DecideService } from '../decisions/decide.ts'
import type { DecisionStore, StoredDecision } from '../decisions/store.ts'
import { type EvidenceTaken, includesEvidence, takeEvidence } from '../domain/evidence.ts'
import type { Evidence } from '../domain/next-actions.ts'
import { AssayError } from '../errors.ts'
import { type KeptDecision, readKept } from './kept-decision.ts'
import type { ReviewStore } from './store.ts'

export interface GiveEvidenceDeps {
  readonly decisions: Pick<DecisionStore, 'read'>
  readonly reviews: Pick<ReviewStore, 'rounds'>
  /** Decides over a store of rounds. */
  readonly decide: DecideService
}

export interface EvidenceRequest {
  readonly tenant: string
  /** The decision that asked for it. */
  readonly decisionId: string
  readonly given: Evidence
  /** The decision instant. */
  readonly nowMs: number
  /** On the monotonic clock. */
  readonly deadlineAtMs: number
}

export interface EvidenceResult {
  /** The next decision as it is stored. */
  readonly answer: string | Buffer
  readonly replay: boolean
}

export type GiveEvidence = (request: EvidenceRequest) => Promise<EvidenceResult>

/**
 * With what a decision asked for its application is decided again, which is the next decision of it. The same evidence again
 * gets the decision that was made with it.
 *
 * Rejects with AssayError not_found · decision_superseded · evidence_not_asked · evidence_expired · evidence_exhausted · backlog ·
 * store_unavailable · outcome_unknown.
 */
export function createGiveEvidence(deps: GiveEvidenceDeps): GiveEvidence {
  return async (request) => {
    const { tenant, decisionId, given, nowMs, deadlineAtMs } = request
    const kept = await readKept(deps.decisions, tenant, decisionId)
    const known = await look(deps, kept, request)
    if (known.kind === 'given') return { answer: known.stored.answer, replay: true }
    if (known.kind === 'superseded') throw superseded()
    const { decision, record } = kept.read
    const taken = takeEvidence({ decision, evidence: record.evidence, given, nowMs })
    if (taken.kind !== 'taken') throw refusalOf(taken.kind)
    const result = await deps.decide({
      application: record.application,
      applicationJson: record.applicationJson,
      fingerprint: '',
      idempotencyKey: undefined,
      nowMs,
      deadlineAtMs,
      next: { round: (decision.round ?? 1) + 1, previousDecisionId: decisionId, evidence: taken.evidence, nowMs }
    })
    if (result.kind === 'decided') return { answer: result.bytes ?? result.answer, replay: false }
    if (result.kind === 'backlog')
      throw new AssayError('backlog', 'events of this entity wait to be folded', { retryAfterSeconds: 1 })
    // Another decision was made meanwhile, perhaps with the very same evidence.
    const meanwhile = await look(deps, kept, request)
    if (meanwhile.kind === 'given') return { answer: meanwhile.stored.answer, replay: true }
    throw superseded()
  }
}

type Known =
  | { readonly kind: 'given'; readonly stored: StoredDecision }
  /** Whether the decision is the last of its application. */
  | { readonly kind: 'last' | 'superseded' }

/** Looks for the first decision that was made with this evidence. Each has the evidence of those before it. */
async function look(
  { decisions, reviews }: GiveEvidenceDeps,
  { read: { decision } }: KeptDecision,
  { tenant, decisionId, given }: EvidenceRequest
): Promise<Known> {
  const rounds = await reviews.rounds(tenant, decisionId, decision.applicationId)
  const last = rounds.at(-1) ?? decisionId
  const isLast: Known = { kind: last === decisionId ? 'last' : 'superseded' }
  const has = ({ read: { record } }: KeptDecision) => includesEvidence(record.evidence, given)
  if (!has(await readKept(decisions, tenant, last))) return isLast
  for (const id of rounds) {
    const kept = await readKept(decisions, tenant, id)
    if (has(kept)) return { kind: 'given', stored: kept.stored }
  }
  return isLast
}

function superseded(): AssayError {
  return new AssayError('decision_superseded', 'a later decision was made: its next actions count')
}

function refusalOf(kind: Exclude<EvidenceTaken['kind'], 'taken'>): AssayError {
  switch (kind) {
    case 'notAsked':
      return new AssayError('evidence_not_asked', 'its next actions do not name this type')
    case 'expired':
      return new AssayError('evidence_expired', 'it was to be given before')
    case 'exhausted':
      return new AssayError('evidence_exhausted', 'a person decides')
  }
}
