import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { compact, forget } from '../redis/functions.ts'

/** Entities as bytes, changed only from what was read: what arrives meanwhile is never lost. */
export interface EntityStore {
  readonly read: (entityKeys: readonly string[]) => Promise<(Buffer | null)[]>
  /** Puts `after` in the place of `before`; what was appended since stays behind it. False when it has changed. */
  readonly replace: (entityKey: string, before: Buffer | null, after: Buffer) => Promise<boolean>
  /** Removes the entity; false when it is no longer `before`. */
  readonly remove: (entityKey: string, before: Buffer) => Promise<boolean>
  /** Some keys that match a pattern and where to go on; '0' begins and ends. */
  readonly scan: (cursor: string, pattern: string, count: number) => Promise<{ next: string; names: string[] }>
  /** How many keys there are of any kind. */
  readonly size: () => Promise<number>
}

export function createEntityStore(redis: Redis): EntityStore {
  return {
    read: async (entityKeys) => (entityKeys.length === 0 ? [] : redis.mgetBuffer(...entityKeys)),
    replace: async (entityKey, before, after) => {
      // A fold must never be put in front of another, which the comparison of no bytes would allow.
      if (before === null) return (await redis.set(entityKey, after, 'NX')) !== null
      return compact(redis, entityKey, [before.length, hash('sha1', before, 'hex'), after])
    },
    remove: (entityKey, before) => forget(redis, entityKey, [before.length, hash('sha1', before, 'hex')]),
    scan: async (cursor, pattern, count) => {
      const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', count)
      return { next, names }
    },
    size: () => redis.dbsize()
  }
}
