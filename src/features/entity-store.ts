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
  const remove = (entityKey: string, before: Buffer) =>
    forget(redis, entityKey, [before.length, hash('sha1', before, 'hex')])
  const compactFrom = (entityKey: string, before: Buffer, after: Buffer) =>
    compact(redis, entityKey, [before.length, hash('sha1', before, 'hex'), after])
  return {
    read: async (entityKeys) => (entityKeys.length === 0 ? [] : redis.mgetBuffer(...entityKeys)),
    replace: async (entityKey, before, after) => {
      // Comparing no bytes would put the fold in front of whatever is there by now, perhaps another fold.
      if (before !== null && before.length > 0) return compactFrom(entityKey, before, after)
      if (before !== null && !(await remove(entityKey, before))) return false
      return (await redis.set(entityKey, after, 'NX')) !== null
    },
    remove,
    scan: async (cursor, pattern, count) => {
      const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', count)
      return { next, names }
    },
    size: () => redis.dbsize()
  }
}
