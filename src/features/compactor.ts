import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { compact } from '../redis/functions.ts'
import { History } from './history.ts'

export type CompactionOutcome = 'folded' | 'overtaken' | 'unreadable'

export interface EntityKeys {
  readonly profileKey: string
  readonly tailKey: string
}

/**
 * Folds tails into profiles. Compare-and-set: when somebody else folded first, or an event arrived in the part that was
 * read, nothing is written and the next event of the entity makes it due again. Bytes that cannot be folded stay as they
 * are for a person to look at; decisions that read them refer.
 */
export function createCompactor(redis: Redis): (entity: EntityKeys) => Promise<CompactionOutcome> {
  const history = new History()
  return async ({ profileKey, tailKey }) => {
    const [profile, tail] = (await redis.mgetBuffer(profileKey, tailKey)) as [Buffer | null, Buffer | null]
    if (tail === null) return 'overtaken'
    let next: Buffer
    try {
      next = history.fold(profile, tail).encode()
    } catch (error) {
      if (error instanceof RangeError) return 'unreadable'
      throw error
    }
    const before = hash('sha1', profile ?? '', 'hex')
    const done = await compact(redis, [profileKey, tailKey], [before, next, tail.length, hash('sha1', tail, 'hex')])
    return done ? 'folded' : 'overtaken'
  }
}
