import type { Redis } from 'ioredis'
import { countPending } from './group-reader.ts'

export interface BacklogOptions {
  readonly redis: Redis
  /** Streams of which entries stay after they were acknowledged, and who must acknowledge them. */
  readonly due: readonly string[]
  readonly group: string
  /** Stream of which entries are deleted once they are handled: its length is its backlog. */
  readonly inbox: string
  /** Entries that may wait, of due entities and in the inbox each. */
  readonly maxEntries: number
}

export interface Backlog {
  /** Whether more waited at the last look than may. */
  readonly isOver: () => boolean
  /** Looks again, unless a look is under way; a Redis that does not answer leaves what is known. */
  readonly look: () => Promise<void>
}

/** What waits to be worked off, as of the last look: a request asks it without a round trip. */
export function createBacklog({ redis, due, group, inbox, maxEntries }: BacklogOptions): Backlog {
  let isOver = false
  let looking = false
  return {
    isOver: () => isOver,
    look: async () => {
      if (looking) return
      looking = true
      try {
        const [areDue, inInbox] = await Promise.all([countPending(redis, due, group), redis.xlen(inbox)])
        isOver = Math.max(areDue, inInbox) > maxEntries
      } catch {
        // Without Redis nothing is accepted anyway.
      } finally {
        looking = false
      }
    }
  }
}
