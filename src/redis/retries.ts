import type { Redis } from 'ioredis'
import { type RawEntry, type StreamEntry, toEntries } from './group-reader.ts'

/** An entry that was delivered and not acknowledged for a while. */
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
  /** Not acknowledged for this long: its reader died, or could not handle it yet. */
  readonly afterMs: number
  readonly count: number
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
 * Entries to be tried again, with how often each was tried. In two steps, so that an entry that kills its reader can be
 * taken alone: whoever claims a batch counts a delivery of each.
 */
export function createRetries({ redis, stream, group, consumer, afterMs, count }: RetriesOptions): Retries {
  return {
    list: async () => {
      const rows = (await redis.xpending(stream, group, 'IDLE', afterMs, '-', '+', count).catch((error: Error) => {
        if (!error.message.startsWith('NOGROUP')) throw error
        return []
      })) as [id: string, consumer: string, idleMs: number, deliveries: number][]
      return rows.map(([id, , , deliveries]) => ({ id, deliveries }))
    },
    hold: async (entries) => {
      const ids = entries.map(({ id }) => id)
      if (ids.length > 0) await redis.xclaim(stream, group, consumer, 0, ...ids, 'JUSTID')
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
