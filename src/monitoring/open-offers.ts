import type { Redis } from 'ioredis'
import { parseExposure } from '../domain/exposure.ts'
import { partitionOf } from '../domain/ids.ts'
import type { Keys } from '../redis/keys.ts'

/** Whose offers: the applicant’s token is in the record of the decision. */
export interface OffersRef {
  readonly tenant: string
  readonly decisionId: string
  readonly applicant: string
}

/** Whether offers are still to be taken, as far as is known. */
export type IsOfferOpen = (offers: OffersRef) => Promise<boolean>

/**
 * Offers are open while they are held against the applicant’s limit: a payout or a withdrawal ends that. Where neither was
 * told, an outcome of the decision says that its loan was paid out.
 */
export function createIsOfferOpen(redis: Redis, keys: Keys): IsOfferOpen {
  return async ({ tenant, decisionId, applicant }) => {
    const partition = partitionOf(decisionId)
    const [exposure, outcomes] = await Promise.all([
      redis.get(keys.exposure(partition, tenant, applicant)),
      redis.exists(keys.outcome(partition, tenant, decisionId))
    ])
    return outcomes === 0 && exposure !== null && Object.hasOwn(parseExposure(exposure)?.r ?? {}, decisionId)
  }
}
