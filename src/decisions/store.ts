import type { Application } from '../domain/application.ts'
import type { AssayEvent } from '../domain/event.ts'
import type { EntityStates } from '../features/vector.ts'

/** What identifies one try at one application. */
export interface Claim {
  readonly application: Application
  readonly fingerprint: string
  /** Also the fencing token: only the try that holds the claim can commit. */
  readonly decisionId: string
  readonly idempotencyKey: string | undefined
}

export type BeginOutcome =
  | { readonly kind: 'claimed'; readonly states: EntityStates }
  | { readonly kind: 'decided'; readonly decisionId: string }
  | { readonly kind: 'conflict'; readonly decisionId: string }
  | { readonly kind: 'keyConflict' | 'pending' | 'backlog' }

export interface Commitment {
  readonly claim: Claim
  /** What is stored: the answer byte for byte, a line feed, what explains and replays it as JSON. */
  readonly value: Buffer
  /** What it sets off, as JSON; undefined for nothing. */
  readonly outbox: string | undefined
}

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
  /** Makes the decision durable; false when the claim was lost meanwhile and nothing was written. */
  readonly commit: (commitment: Commitment) => Promise<boolean>
  /** Gives up a claim that led to no decision. */
  readonly release: (claim: Claim) => Promise<void>
  readonly read: (tenant: string, decisionId: string) => Promise<StoredDecision | undefined>
}
