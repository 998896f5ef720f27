import type { Redis } from 'ioredis'
import type { Application } from '../domain/application.ts'
import { AssayError } from '../errors.ts'
import { entityKeys } from '../features/behaviour-store.ts'
import type { EntityStates } from '../features/vector.ts'
import type { Keys } from '../redis/keys.ts'
import { toStates } from './redis-decision-store.ts'

export interface ReadStatesOptions {
  readonly redis: Redis
  readonly keys: Keys
  /** Longer ones cannot be folded in time. */
  readonly maxEntityBytes: number
}

/**
 * The behaviour of an application that was counted before: it is read and not counted again. 'backlog' as for a first decision.
 *
 * Rejects with AssayError store_unavailable.
 */
export type ReadStates = (application: Application) => Promise<EntityStates | 'backlog'>

export function createReadStates({ redis, keys, maxEntityBytes }: ReadStatesOptions): ReadStates {
  return async ({ refs }) => {
    const values = await redis.mgetBuffer(...entityKeys(keys, refs)).catch((cause: unknown) => {
      throw new AssayError('store_unavailable', 'the store did not answer in time', { cause, retryAfterSeconds: 1 })
    })
    if (values.some((value) => value !== null && value.length > maxEntityBytes)) return 'backlog'
    return toStates(refs, values)
  }
}
