import type { Redis } from 'ioredis'
import { countPending } from './group-reader.ts'

export interface BacklogOptions {
  readonly redis: Redis
  /** Streams of which entries stay after they were acknowledged, and who must acknowledge them. */
  readonly logs: readonly string[]
  readonly group: string
  /** Stream of which entries are deleted once they are handled: its length is its backlog. */
  readonly inbox: string
  /** Entries that may wait, in the logs and in the inbox each. */
  readonly maxEntries: number
}

export interface Backlog {
  /** Whether more waited at the last look than may. */
  readonly isOver: () => boolean
  /** Looks again, unless a look is under way; a Redis that does not answer leaves what is known. */
  readonly look: () => Promise<void>
}

/** What waits to be worked off, as of the last look: a request asks it without a round trip. */
export function createBacklog({ redis, logs, group, inbox, maxEntries }: BacklogOptions): Backlog {
  let isOver = false
  let looking = false
  return {
    isOver: () => isOver,
    look: async () => {
      if (looking) return
      looking = true
      try {
        const [inLogs, inInbox] = await Promise.all([countPending(redis, logs, group), redis.xlen(inbox)])
        isOver = Math.max(inLogs, inInbox) > maxEntries
      } catch {
        // Without Redis nothing is accepted anyway.
      } finally {
        looking = false
      }
    }
  }
}
