import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { owedIn, parseExposure } from '../domain/exposure.ts'
import { holdCall } from '../domain/exposure-change.ts'
import { partitionOf } from '../domain/ids.ts'
import type { ReviewAction } from '../domain/review-event.ts'
import { standingAt } from '../domain/standing.ts'
import { AssayError } from '../errors.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { claimReview, commitRound, noteFirstApproval, openReview } from '../redis/review-functions.ts'
import type { ReviewCause } from './review.ts'
import type { ReviewCounts, ReviewPlace, ReviewStore, Round, StoredReview } from './store.ts'

/** Open reviews of a tenant in one partition: 64 times as many in all, months of work for any team. */
const MAX_OPEN = 2000
/** Finished reviews that are listed, of a tenant in one partition. */
const MAX_DONE = 500
/** Reviews that fall due in the same millisecond and partition; a page may begin among them. */
const SAME_INSTANT = 50

export interface RedisReviewStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly retentionMs: number
  readonly maxOpen?: number
}

/** ReviewStore on Redis (redis/lua/70-reviews.lua): everything of a review lies in the partition of its decision. */
export function createRedisReviewStore(options: RedisReviewStoreOptions): ReviewStore {
  const { redis, keys, retentionMs, maxOpen = MAX_OPEN } = options
  const reviewKey = (tenant: string, id: string) => keys.review(partitionOf(id), tenant, id)
  const everywhere = <Result>(ask: (partition: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => ask(partition)))

  const countOne = async (tenant: string, nowMs: number, partition: number): Promise<ReviewCounts> => {
    const key = keys.openReviews(partition, tenant)
    const [open, overdue, [first]] = await Promise.all([
      redis.zcard(key),
      redis.zcount(key, '-inf', String(nowMs)),
      redis.zrange(key, '0', '0')
    ])
    const created = first === undefined ? null : await redis.hget(keys.review(partition, tenant, first), 'created')
    return { open, overdue, oldestCreatedAtMs: created === null ? undefined : Number(created) }
  }

  return {
    open: ({ tenant, decisionId, applicationId, cause, nowMs, dueAtMs, requestCode = '' }) => {
      const partition = partitionOf(decisionId)
      const rounds = keys.rounds(partition, tenant, applicationId)
      const names = [reviewKey(tenant, decisionId), keys.openReviews(partition, tenant), rounds] as const
      const args = [decisionId, cause, nowMs, dueAtMs, requestCode, maxOpen, retentionMs]
      return reachable(openReview(redis, names, args))
    },
    read: (tenant, decisionIds) =>
      reachable(Promise.all(decisionIds.map(async (id) => toReview(id, await redis.hgetall(reviewKey(tenant, id)))))),
    list: async (tenant, which, page) => {
      const from = page.after === undefined ? undefined : String(page.after.atMs)
      const count = page.limit + SAME_INSTANT
      const found = await reachable(
        everywhere((partition) =>
          which === 'open'
            ? redis.zrangebyscore(
                keys.openReviews(partition, tenant),
                from ?? '-inf',
                '+inf',
                'WITHSCORES',
                'LIMIT',
                0,
                count
              )
            : redis.zrevrangebyscore(
                keys.doneReviews(partition, tenant),
                from ?? '+inf',
                '-inf',
                'WITHSCORES',
                'LIMIT',
                0,
                count
              )
        )
      )
      const order = which === 'open' ? comparePlaces : (a: ReviewPlace, b: ReviewPlace) => comparePlaces(b, a)
      const { after } = page
      return found
        .flatMap(toPlaces)
        .filter((place) => after === undefined || order(after, place) < 0)
        .sort(order)
        .slice(0, page.limit)
    },
    claim: (tenant, id, { reviewer, nowMs, untilMs }) =>
      reachable(claimReview(redis, reviewKey(tenant, id), [reviewer, nowMs, untilMs])),
    noteFirst: (tenant, id, { reviewer, nowMs, reasonCode, noteCode, amountMinor }) =>
      reachable(noteFirstApproval(redis, reviewKey(tenant, id), [reviewer, nowMs, reasonCode, noteCode, amountMinor])),
    commit: (round) => settled(commitRound(redis, roundCall(keys, round, retentionMs))),
    rounds: (tenant, decisionId, applicationId) =>
      reachable(redis.lrange(keys.rounds(partitionOf(decisionId), tenant, applicationId), 0, -1)),
    owed: async ({ tenant, applicationId, currency, refs }, decisionId, nowMs) => {
      const stored = await reachable(redis.get(keys.exposure(partitionOf(decisionId), tenant, refs.applicant)))
      return owedIn(stored === null ? null : withoutApplication(stored, applicationId), currency, nowMs)
    },
    standing: async ({ tenant, refs }, decisionId, nowMs) =>
      standingAt(await reachable(redis.get(keys.standing(partitionOf(decisionId), tenant, refs.applicant))), nowMs),
    count: async (tenant, nowMs) => {
      const counts = await reachable(everywhere((partition) => countOne(tenant, nowMs, partition)))
      const created = counts.flatMap(({ oldestCreatedAtMs }) => oldestCreatedAtMs ?? [])
      return {
        open: counts.reduce((sum, { open }) => sum + open, 0),
        overdue: counts.reduce((sum, { overdue }) => sum + overdue, 0),
        oldestCreatedAtMs: created.length === 0 ? undefined : Math.min(...created)
      }
    }
  }
}

function roundCall(keys: Keys, round: Round, retentionMs: number) {
  const { tenant, applicationId, previousDecisionId, decisionId, value } = round
  const partition = partitionOf(decisionId)
  const hold = round.hold && holdCall(decisionId, round.hold)
  return {
    keys: [
      keys.application(partition, tenant, applicationId),
      keys.decision(partition, tenant, decisionId),
      keys.ledger(partition),
      keys.outbox(partition),
      keys.rounds(partition, tenant, applicationId),
      keys.review(partition, tenant, previousDecisionId),
      keys.openReviews(partition, tenant),
      keys.doneReviews(partition, tenant),
      keys.exposure(partition, tenant, round.applicant)
    ],
    args: [
      retentionMs,
      round.nowMs,
      previousDecisionId,
      decisionId,
      value,
      hash('sha256', value, 'hex'),
      round.reviewer ?? '',
      round.confirms ?? '',
      round.action,
      round.reasonCode,
      round.noteCode,
      MAX_DONE,
      ...(hold === undefined ? ['', 0, ''] : [hold.alone, hold.keepMs, hold.words]),
      applicationId,
      ...round.outbox
    ]
  }
}

/** What an application holds already is given back when its next decision holds something. */
function withoutApplication(stored: string, applicationId: string): string {
  const exposure = parseExposure(stored)
  if (exposure?.r === undefined) return stored
  const others = Object.entries(exposure.r).filter(([, [, , , of]]) => of !== applicationId)
  return JSON.stringify({ ...exposure, r: Object.fromEntries(others) })
}

function toReview(decisionId: string, fields: Readonly<Record<string, string>>): StoredReview | undefined {
  if (fields.cause === undefined) return undefined
  const number = (name: string) => Number(fields[name])
  return {
    decisionId,
    cause: fields.cause as ReviewCause,
    createdAtMs: number('created'),
    dueAtMs: number('due'),
    requestedAtMs: fields.requested === undefined ? undefined : number('requested'),
    requestCode: fields.code,
    claim: fields.holder === undefined ? undefined : { by: fields.holder, untilMs: number('until') },
    first:
      fields.first === undefined
        ? undefined
        : {
            by: fields.first,
            atMs: number('first_at'),
            reasonCode: fields.first_reason ?? '',
            amountMinor: number('first_amount')
          },
    done:
      fields.done === undefined
        ? undefined
        : {
            atMs: number('done'),
            action: fields.action as ReviewAction,
            by: fields.by ?? '',
            reasonCode: fields.reason ?? '',
            noteCode: fields.note ?? '',
            nextDecisionId: fields.next ?? ''
          }
  }
}

function toPlaces(flat: readonly string[]): ReviewPlace[] {
  return flat.flatMap((decisionId, index) => (index % 2 === 0 ? [{ decisionId, atMs: Number(flat[index + 1]) }] : []))
}

function comparePlaces(left: ReviewPlace, right: ReviewPlace): number {
  if (left.atMs !== right.atMs) return left.atMs - right.atMs
  return left.decisionId < right.decisionId ? -1 : left.decisionId > right.decisionId ? 1 : 0
}

async function reachable<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (cause) {
    throw new AssayError('store_unavailable', 'the store did not answer in time', { cause, retryAfterSeconds: 1 })
  }
}

/** What Redis refused was not done. What it did not answer may have been: the same again tells. */
async function settled<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'ReplyError') return reachable(reply)
    throw new AssayError('outcome_unknown', 'say the same again', { cause, retryAfterSeconds: 1 })
  }
}
