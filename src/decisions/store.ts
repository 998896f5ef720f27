import type { Application } from '../domain/application.ts'
import type { AssayEvent } from '../domain/event.ts'
import type { EvidenceSoFar } from '../domain/evidence.ts'
import type { Hold, Owed } from '../domain/exposure.ts'
import type { DecisionStanding } from '../domain/standing.ts'
import type { EntityStates } from '../features/vector.ts'

/** A decision behind an earlier one of the same application. */
export interface NextRound {
  readonly round: number
  readonly previousDecisionId: string
  readonly evidence: EvidenceSoFar
  /** The decision instant. */
  readonly nowMs: number
}

/** What identifies one try at one application. */
export interface Claim {
  readonly application: Application
  readonly fingerprint: string
  /** Also the fencing token: only the try that holds the claim can commit. */
  readonly decisionId: string
  readonly idempotencyKey: string | undefined
  /** Of every decision but the first. */
  readonly next?: NextRound | undefined
}

export type BeginOutcome =
  | {
      readonly kind: 'claimed'
      readonly states: EntityStates
      readonly owed: Owed
      readonly standing?: DecisionStanding | undefined
    }
  | { readonly kind: 'decided'; readonly decisionId: string }
  | { readonly kind: 'conflict'; readonly decisionId: string }
  | { readonly kind: 'keyConflict' | 'pending' | 'backlog' }

export interface Commitment {
  readonly claim: Claim
  /** What is stored: the answer byte for byte, a line feed, what explains and replays it as JSON. */
  readonly value: Buffer
  /** What it sets off, as JSON; undefined for nothing. */
  readonly outbox: string | undefined
  /** What it holds of the applicant’s limit; undefined for nothing. */
  readonly hold: Hold | undefined
}

/**
 * 'lost': the claim was lost meanwhile. 'exposed': others took of the limit meanwhile and no room is left for this; the claim is
 * still ours, to decide again with what is owed now. Of neither anything was written.
 */
export type CommitOutcome = { readonly kind: 'committed' | 'lost' } | { readonly kind: 'exposed'; readonly owed: Owed }

export interface StoredDecision {
  readonly answer: string
  readonly record: string
}

/**
 * Where decisions become durable. Every method may reject with AssayError store_unavailable; after a rejected commit the
 * outcome is unknown and only `read` can tell.
 */
export interface DecisionStore {
  /** Finds an earlier decision, or claims the application, counts it and reads its behaviour: one atomic step. */
  readonly begin: (claim: Claim, submitted: AssayEvent) => Promise<BeginOutcome>
  /** Makes the decision durable and holds what it offers: both or neither. */
  readonly commit: (commitment: Commitment) => Promise<CommitOutcome>
  /** Gives up a claim that led to no decision. */
  readonly release: (claim: Claim) => Promise<void>
  readonly read: (tenant: string, decisionId: string) => Promise<StoredDecision | undefined>
}
