import type { Redis } from 'ioredis'
import { inOneWrite } from './in-one-write.ts'

export interface StreamEntry {
  readonly stream: string
  readonly id: string
  readonly fields: Readonly<Record<string, string>>
  /** How many there were: of a field that was sent twice `fields` has the last. */
  readonly fieldsSent: number
}

export interface GroupReaderOptions {
  /** A connection of its own: reading blocks it. */
  readonly blocking: Redis
  /** For everything else. */
  readonly redis: Redis
  readonly streams: readonly string[]
  readonly group: string
  /** Unique among the living readers of the group. */
  readonly consumer: string
  readonly count: number
  /** Longest wait for an entry. */
  readonly blockMs: number
  /** Entries that a reader took and did not acknowledge for this long are taken over: it died. */
  readonly takeOverAfterMs: number
  /**
   * Entries are deleted once they are handled, so one that is still there was not: Redis keeps no list of what was delivered,
   * which spares a quarter of its work (docs/decisions/0011). For one stream, with retries.ts instead of takeOver().
   */
  readonly isUnlisted?: boolean
}

export interface GroupReader {
  /** New entries, or none after the wait. */
  readonly read: () => Promise<StreamEntry[]>
  /** Entries of readers that died. Call now and then. */
  readonly takeOver: () => Promise<StreamEntry[]>
  readonly acknowledge: (entries: readonly StreamEntry[]) => Promise<void>
  /** Entries not acknowledged yet, over all streams. */
  readonly countPending: () => Promise<number>
  /** Deletes acknowledged entries older than a time; what any group still needs is never deleted. */
  readonly trim: (beforeMs: number) => Promise<void>
}

/** An entry as Redis replies it; null when it was deleted while somebody had not acknowledged it. */
export type RawEntry = [id: string, fields: string[] | null]

/**
 * A consumer group over several streams, at least once: an entry is acknowledged after its effect, never before. A group
 * that is missing (a new stream, a flushed Redis) is made at the beginning, so that nothing is skipped.
 */
export function createGroupReader(options: GroupReaderOptions): GroupReader {
  const { blocking, redis, streams, group, consumer, count, blockMs, takeOverAfterMs, isUnlisted = false } = options

  /** Where the next take-over goes on, so that entries which fail each time do not stand before the others for ever. */
  const takeOverFrom = new Map<string, string>()

  const makeGroups = async (): Promise<void> => {
    for (const stream of streams) {
      await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error: Error) => {
        if (!error.message.startsWith('BUSYGROUP')) throw error
      })
    }
  }

  const readOnce = async (): Promise<StreamEntry[]> => {
    const newOnes = streams.map(() => '>')
    const how = ['GROUP', group, consumer, 'COUNT', count, 'BLOCK', blockMs, ...(isUnlisted ? ['NOACK'] : [])]
    const reply = (await blocking.call('XREADGROUP', ...how, 'STREAMS', ...streams, ...newOnes)) as
      | [stream: string, entries: RawEntry[]][]
      | null
    return (reply ?? []).flatMap(([stream, entries]) => toEntries(stream, entries))
  }

  return {
    read: async () => {
      try {
        return await readOnce()
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) throw error
        await makeGroups()
        return readOnce()
      }
    },
    takeOver: async () => {
      const claims = streams.map((stream) =>
        redis
          .xautoclaim(stream, group, consumer, takeOverAfterMs, takeOverFrom.get(stream) ?? '0-0', 'COUNT', count)
          .catch(ignoreMissingGroup)
      )
      const replies = (await Promise.all(claims)) as ([next: string, entries: RawEntry[]] | undefined)[]
      for (const [index, stream] of streams.entries()) takeOverFrom.set(stream, replies[index]?.[0] ?? '0-0')
      return replies.flatMap((reply, index) => toEntries(streams[index] as string, reply?.[1] ?? []))
    },
    acknowledge: async (entries) => {
      const byStream = Map.groupBy(entries, ({ stream }) => stream)
      await inOneWrite(redis, (pipeline) => {
        for (const [stream, of] of byStream) pipeline.xack(stream, group, ...of.map(({ id }) => id))
      })
    },
    countPending: () => countPending(redis, streams, group),
    trim: async (beforeMs) => {
      for (const stream of streams) {
        const needed = await oldestNeededMs(redis, stream)
        if (needed !== undefined) await redis.xtrim(stream, 'MINID', '~', Math.min(beforeMs, needed))
      }
    }
  }
}

/** Deletes entries older than a time from streams that need no reader; what a group has not acknowledged stays. */
export async function trimStreams(redis: Redis, streams: readonly string[], beforeMs: number): Promise<void> {
  for (const stream of streams) {
    const needed = (await oldestNeededMs(redis, stream)) ?? beforeMs
    await redis.xtrim(stream, 'MINID', '~', Math.min(beforeMs, needed))
  }
}

/** Entries that a group has not acknowledged yet, delivered or not, over all streams; all there are where it has no group. */
export async function countPending(redis: Redis, streams: readonly string[], group: string): Promise<number> {
  const counts = streams.map(async (stream) => {
    const info = (await readGroups(redis, stream)).find(({ name }) => name === group)
    return info === undefined ? redis.xlen(stream) : info.pending + (info.lag ?? (await redis.xlen(stream)))
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

function ignoreMissingGroup(error: Error): undefined {
  if (!error.message.startsWith('NOGROUP')) throw error
}

/** Entries deleted while pending come back without fields: there is nothing left to do for them. */
export function toEntries(stream: string, entries: readonly RawEntry[]): StreamEntry[] {
  return entries.flatMap(([id, flat]) => {
    if (flat === null) return []
    return [{ stream, id, fields: toFields(flat), fieldsSent: flat.length / 2 }]
  })
}

function toFields(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let index = 0; index + 1 < flat.length; index += 2) fields[flat[index] as string] = flat[index + 1] as string
  return fields
}

interface GroupInfo {
  readonly name: string
  readonly pending: number
  readonly lag: number | null
  readonly lastDeliveredId: string
}

export async function readGroups(redis: Redis, stream: string): Promise<GroupInfo[]> {
  const groups = (await redis.xinfo('GROUPS', stream).catch(() => [])) as (string | number | null)[][]
  return groups.map((flat) => {
    const info = new Map(
      flat.flatMap((value, index) => (index % 2 === 0 ? [[value, flat[index + 1]]] : [])) as [string, unknown][]
    )
    return {
      name: String(info.get('name')),
      pending: Number(info.get('pending') ?? 0),
      // Unknown while a deleted entry lies ahead of the group.
      lag: info.get('lag') === null ? null : Number(info.get('lag') ?? 0),
      lastDeliveredId: String(info.get('last-delivered-id'))
    }
  })
}

/** The time of the oldest entry that some group has not acknowledged; undefined when there is no group to ask. */
async function oldestNeededMs(redis: Redis, stream: string): Promise<number | undefined> {
  const groups = await readGroups(redis, stream)
  if (groups.length === 0) return undefined
  const needed = groups.map(async ({ name, pending, lastDeliveredId }) => {
    if (pending === 0) return timeOf(lastDeliveredId)
    const [, oldest] = (await redis.xpending(stream, name)) as [number, string | null]
    return timeOf(oldest ?? lastDeliveredId)
  })
  return Math.min(...(await Promise.all(needed)))
}

function timeOf(id: string): number {
  return Number(id.split('-')[0])
}
