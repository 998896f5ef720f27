import type { Application } from '../domain/application.ts'
import type { Hold, Owed } from '../domain/exposure.ts'
import type { ReviewAction } from '../domain/review-event.ts'
import type { DecisionStanding } from '../domain/standing.ts'
import type { RoundReply } from '../redis/review-functions.ts'
import type { ReviewCause } from './review.ts'

/** A review as it is kept: ids, codes and times, nothing of the application. */
export interface StoredReview {
  readonly decisionId: string
  readonly cause: ReviewCause
  readonly createdAtMs: number
  readonly dueAtMs: number
  readonly requestedAtMs: number | undefined
  readonly requestCode: string | undefined
  readonly claim: { readonly by: string; readonly untilMs: number } | undefined
  readonly first:
    | { readonly by: string; readonly atMs: number; readonly reasonCode: string; readonly amountMinor: number }
    | undefined
  readonly done:
    | {
        readonly atMs: number
        readonly action: ReviewAction
        readonly by: string
        readonly reasonCode: string
        readonly noteCode: string
        readonly nextDecisionId: string
      }
    | undefined
}

export interface OpenReview {
  readonly tenant: string
  readonly decisionId: string
  readonly applicationId: string
  readonly cause: ReviewCause
  readonly nowMs: number
  readonly dueAtMs: number
  readonly requestCode?: string | undefined
}

export interface ReviewPlace {
  readonly atMs: number
  readonly decisionId: string
}

/** The next decision of an application, to be made durable with the end of the review of the one before. */
export interface Round {
  readonly tenant: string
  readonly applicationId: string
  readonly previousDecisionId: string
  readonly decisionId: string
  /** The answer, a line feed, the record. */
  readonly value: Buffer
  readonly outbox: readonly string[]
  /** Token of the applicant. */
  readonly applicant: string
  /** What it holds of the applicant’s limit, in the place of what the application held before. */
  readonly hold: Hold | undefined
  readonly nowMs: number
  /** Undefined where no person decided. */
  readonly reviewer: string | undefined
  /** Whose first approval this confirms. */
  readonly confirms: string | undefined
  readonly action: ReviewAction
  readonly reasonCode: string
  readonly noteCode: string
}

export interface ReviewCounts {
  readonly open: number
  readonly overdue: number
  /** When the oldest open review was created; undefined without any. */
  readonly oldestCreatedAtMs: number | undefined
}

/** Where reviews and rounds are kept. Every method may reject with AssayError store_unavailable; repeats are harmless. */
export interface ReviewStore {
  readonly open: (review: OpenReview) => Promise<'opened' | 'known' | 'full' | 'superseded'>
  readonly read: (tenant: string, decisionIds: readonly string[]) => Promise<(StoredReview | undefined)[]>
  /** Open ones by when they are due, done ones by when they were finished, the newest first; behind `after`. */
  readonly list: (
    tenant: string,
    which: 'open' | 'done',
    page: { readonly after: ReviewPlace | undefined; readonly limit: number }
  ) => Promise<ReviewPlace[]>
  readonly claim: (
    tenant: string,
    decisionId: string,
    claim: { readonly reviewer: string; readonly nowMs: number; readonly untilMs: number }
  ) => Promise<'claimed' | 'missing' | 'held' | 'done' | 'first'>
  readonly noteFirst: (
    tenant: string,
    decisionId: string,
    approval: {
      readonly reviewer: string
      readonly nowMs: number
      readonly reasonCode: string
      readonly noteCode: string
      readonly amountMinor: number
    }
  ) => Promise<'noted' | 'missing' | 'unheld' | 'done'>
  /** Rejects with outcome_unknown where the store did not say whether it has the round. */
  readonly commit: (round: Round) => Promise<RoundReply>
  /** The decisions of an application in order; empty while there is only the first. */
  readonly rounds: (tenant: string, decisionId: string, applicationId: string) => Promise<string[]>
  /** What the applicant owes or was offered for other applications. */
  readonly owed: (application: Application, decisionId: string, nowMs: number) => Promise<Owed>
  /** How the applicant stands by reviews of the limit and warnings; undefined where that changes nothing. */
  readonly standing: (
    application: Application,
    decisionId: string,
    nowMs: number
  ) => Promise<DecisionStanding | undefined>
  readonly count: (tenant: string, nowMs: number) => Promise<ReviewCounts>
}
