import type { Redis } from 'ioredis'
import { type RawEntry, readGroups, type StreamEntry, toEntries } from './group-reader.ts'

/** An entry that was delivered a while ago and is still there. */
export interface StaleEntry {
  readonly id: string
  /** How often it was delivered so far. */
  readonly deliveries: number
}

export interface RetriesOptions {
  readonly redis: Redis
  readonly stream: string
  readonly group: string
  readonly consumer: string
  /** Still there after this long: its reader died, or could not handle it yet. */
  readonly afterMs: number
  readonly count: number
  readonly monotonicMs: () => number
}

export interface Retries {
  /** The oldest stale entries. Looking does not count as a delivery. */
  readonly list: () => Promise<StaleEntry[]>
  /** Delivers them to this consumer, but for those that another one has taken or that are gone. */
  readonly claim: (stale: readonly StaleEntry[]) => Promise<(StreamEntry & { readonly deliveries: number })[]>
  /** Keeps entries from being stale for others while this consumer still works at them. No delivery. */
  readonly hold: (entries: readonly Pick<StaleEntry, 'id'>[]) => Promise<void>
}

/**
 * Entries to be tried again, with how often each was tried, of a stream from which they are deleted once they are handled. In
 * two steps, so that an entry that kills its reader can be taken alone: whoever claims a batch counts a delivery of each.
 *
 * Redis lists as pending only what was delivered more than once, or is held: readers take entries unlisted (group-reader.ts).
 * One that was delivered when last looked and is there that much later is stale, and is put on the list.
 */
export function createRetries(options: RetriesOptions): Retries {
  const { redis, stream, group, consumer, afterMs, count, monotonicMs } = options

  /** How far the group had come at a time, and the entry after which the search for what is left goes on. */
  let mark: { readonly deliveredId: string; readonly atMs: number; readonly from: string } | undefined

  const lookHowFar = async () => {
    const of = (await readGroups(redis, stream)).find(({ name }) => name === group)
    // Its time is that of the answer: what was delivered while a slow one was under way has not waited yet.
    return of === undefined ? undefined : { deliveredId: of.lastDeliveredId, atMs: monotonicMs(), from: '-' }
  }

  const listLeftBehind = async (): Promise<void> => {
    mark ??= await lookHowFar()
    if (mark === undefined || monotonicMs() - mark.atMs < afterMs) return
    const ids = (await redis.xrange(stream, mark.from, mark.deliveredId, 'COUNT', count)).map(([id]) => id)
    // An entry that is on the list already and that somebody has taken lately stays theirs.
    const asStale = ['IDLE', afterMs, 'FORCE', 'JUSTID'] as const
    if (ids.length > 0) await redis.call('XCLAIM', stream, group, consumer, afterMs, ...ids, ...asStale)
    mark = ids.length < count ? await lookHowFar() : { ...mark, from: `(${ids.at(-1)}` }
  }

  return {
    list: async () => {
      try {
        await listLeftBehind()
        const rows = (await redis.xpending(stream, group, 'IDLE', afterMs, '-', '+', count)) as PendingRow[]
        return rows.map(([id, , , deliveries]) => ({ id, deliveries }))
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) throw error
        mark = undefined
        return []
      }
    },
    hold: async (entries) => {
      const ids = entries.map(({ id }) => id)
      if (ids.length > 0) await redis.call('XCLAIM', stream, group, consumer, 0, ...ids, 'FORCE', 'JUSTID')
    },
    claim: async (stale) => {
      const deliveries = new Map(stale.map((entry) => [entry.id, entry.deliveries + 1]))
      const raw = (await redis.xclaim(stream, group, consumer, afterMs, ...deliveries.keys())) as RawEntry[]
      return toEntries(stream, raw.filter(Boolean)).map((entry) => ({
        ...entry,
        deliveries: deliveries.get(entry.id) ?? 1
      }))
    }
  }
}

type PendingRow = [id: string, consumer: string, idleMs: number, deliveries: number]
