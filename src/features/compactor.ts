import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { compact } from '../redis/functions.ts'
import { History } from './history.ts'

export type CompactionOutcome = 'folded' | 'overtaken' | 'unreadable'

/**
 * Folds an entity in place. Compare-and-set over the bytes that were read: events that arrive meanwhile stay behind the
 * fold, and when somebody else folded first nothing is written. Bytes that cannot be folded stay as they are for a person
 * to look at; decisions that read them refer.
 */
export function createCompactor(redis: Redis): (entityKey: string) => Promise<CompactionOutcome> {
  const history = new History()
  return async (entityKey) => {
    const bytes = await redis.getBuffer(entityKey)
    if (bytes === null) return 'overtaken'
    let fold: Buffer
    try {
      fold = history.fold(bytes, null).encode()
    } catch (error) {
      if (error instanceof RangeError) return 'unreadable'
      throw error
    }
    const done = await compact(redis, entityKey, [bytes.length, hash('sha1', bytes, 'hex'), fold])
    return done ? 'folded' : 'overtaken'
  }
}
