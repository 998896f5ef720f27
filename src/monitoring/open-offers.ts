import type { Redis } from 'ioredis'
import type { Decision } from '../domain/decision.ts'
import { partitionOf } from '../domain/ids.ts'
import type { Keys } from '../redis/keys.ts'

/** Whether the offers of a decision are still to be taken, as far as is known: an outcome is one of a loan that was. */
export function createIsOfferOpen(redis: Redis, keys: Keys) {
  return async (tenant: string, { decisionId }: Pick<Decision, 'decisionId'>): Promise<boolean> =>
    (await redis.exists(keys.outcome(partitionOf(decisionId), tenant, decisionId))) === 0
}
