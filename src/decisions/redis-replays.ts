import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import { createTurnBatcher } from '../redis/turn-batcher.ts'

/** Whether a partner has sent an Idempotency-Key before. Rejects when Redis does not say. */
export type IsReplay = (tenant: string, idempotencyKey: string) => Promise<boolean>

/** Keys of one call at most. */
const MAX_BATCH = 64

/** Reads only: one MGET for all that are asked about in one turn of the event loop. */
export function createReplayLookup({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }): IsReplay {
  const read = createTurnBatcher((names: readonly string[]) => redis.mget(...names), MAX_BATCH)
  return async (tenant, idempotencyKey) =>
    (await read(keys.idempotency(tenant, hash('sha256', idempotencyKey, 'hex')))) !== null
}
