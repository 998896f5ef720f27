import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { partitionOf } from '../domain/ids.ts'
import { inOneWrite } from '../redis/in-one-write.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { type OfferExpiring, offerExpiringJobId } from './offer-expiring-job.ts'

/** An approval whose jobs were lost is looked at again after this. */
const LOOK_AGAIN_MS = 240_000
/** Of each partition in one round. */
const OFFERS_A_PARTITION = 4

/**
 * Approvals whose offers are watched, by when they want to be looked at, in the Redis of the decisions: an emptied jobs Redis
 * loses none of them. Noted before the outbox entry of an approval is acknowledged.
 */
export interface OfferIndex {
  /** Watches approvals that are not watched yet; they are looked at in some minutes, should their jobs be lost by then. */
  readonly note: (approvals: readonly OfferExpiring[]) => Promise<void>
  /** When to look at it next; undefined for never. */
  readonly settle: (approval: OfferExpiring, nextAtMs: number | undefined) => Promise<void>
  /** Those that want to be looked at, a bounded number; they come back after some minutes unless they are settled. */
  readonly takeDue: () => Promise<OfferExpiring[]>
}

export function createOfferIndex(redis: Redis, keys: Keys, nowMs: () => number): OfferIndex {
  const keyOf = ({ decisionId }: OfferExpiring) => keys.offersDue(partitionOf(decisionId))
  const memberOf = ({ tenant, decisionId }: OfferExpiring) => `${tenant} ${decisionId}`
  return {
    note: async (approvals) => {
      const atMs = nowMs() + LOOK_AGAIN_MS
      await inOneWrite(redis, (pipeline) => {
        for (const each of approvals) pipeline.zadd(keyOf(each), 'NX', atMs, memberOf(each))
      })
    },
    settle: async (approval, nextAtMs) => {
      const key = keyOf(approval)
      if (nextAtMs === undefined) await redis.zrem(key, memberOf(approval))
      else await redis.zadd(key, nextAtMs, memberOf(approval))
    },
    takeDue: async () => {
      const atMs = nowMs()
      const range = ['-inf', String(atMs), 'BYSCORE', 'LIMIT', 0, OFFERS_A_PARTITION] as const
      const found = await inOneWrite<string[]>(redis, (pipeline) => {
        for (let partition = 0; partition < PARTITIONS; partition++)
          pipeline.zrange(keys.offersDue(partition), ...range)
      })
      const due = found.flat().map((member): OfferExpiring => {
        const [tenant = '', decisionId = ''] = member.split(' ')
        return { tenant, decisionId }
      })
      await inOneWrite(redis, (pipeline) => {
        for (const each of due) pipeline.zadd(keyOf(each), 'XX', atMs + LOOK_AGAIN_MS, memberOf(each))
      })
      return due
    }
  }
}

/** One round: approvals that want to be looked at become jobs; one that is there already is not made twice. */
export async function offerScheduleRound(
  index: Pick<OfferIndex, 'takeDue'>,
  queue: Pick<Queue<OfferExpiring>, 'addBulk'>
): Promise<number> {
  const due = await index.takeDue()
  const jobs = due.map((data) => ({ name: 'expiring', data, opts: { jobId: offerExpiringJobId(data) } }))
  if (jobs.length > 0) await queue.addBulk(jobs)
  return due.length
}
