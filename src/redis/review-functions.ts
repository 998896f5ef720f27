import type { Redis } from 'ioredis'
import { type CallArgument, callFunction } from './encoded-call.ts'

const OPENED = ['opened', 'known', 'full', 'superseded'] as const
export type Opened = (typeof OPENED)[number]

/** assay_review_open of lua/70-reviews.lua. */
export async function openReview(
  redis: Redis,
  keys: readonly [review: string, open: string, rounds: string],
  args: readonly (string | number)[]
): Promise<Opened> {
  const reply = (await redis.fcall('assay_review_open', 3, ...keys, ...args)) as number
  return OPENED[reply - 1] as Opened
}

const CLAIMS = ['missing', 'claimed', 'held', 'done', 'first'] as const
/** `first`: this person gave the first of two approvals, so that another one must give the second. */
export type ClaimReply = (typeof CLAIMS)[number]

/** assay_review_claim. */
export async function claimReview(redis: Redis, reviewKey: string, args: readonly (string | number)[]) {
  return CLAIMS[(await redis.fcall('assay_review_claim', 1, reviewKey, ...args)) as number] as ClaimReply
}

const HOLDS = ['missing', 'noted', 'unheld', 'done'] as const

/** assay_review_first. */
export async function noteFirstApproval(redis: Redis, reviewKey: string, args: readonly (string | number)[]) {
  return HOLDS[(await redis.fcall('assay_review_first', 1, reviewKey, ...args)) as number] as (typeof HOLDS)[number]
}

export interface RoundCall {
  /** In the order of the contract of assay_round. */
  readonly keys: readonly string[]
  readonly args: readonly CallArgument[]
}

export type RoundReply =
  | { readonly kind: 'committed' | 'missing' | 'unheld' | 'done' | 'firstChanged' | 'exposed' }
  | { readonly kind: 'superseded'; readonly decisionId: string }

const ROUNDS = ['missing', 'committed', 'unheld', 'done', 'superseded', 'firstChanged', 'exposed'] as const

/** assay_round. */
export async function commitRound(redis: Redis, { keys, args }: RoundCall): Promise<RoundReply> {
  const [reply, decisionId] = (await callFunction(redis, 'assay_round', keys, args)) as [number, Buffer?]
  const kind = ROUNDS[reply] as (typeof ROUNDS)[number]
  return kind === 'superseded' ? { kind, decisionId: String(decisionId) } : { kind }
}
