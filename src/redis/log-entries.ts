import type { Redis } from 'ioredis'

/** Before the first entry of any stream. */
export const STREAM_START = '0-0'

export interface LogEntry {
  readonly id: string
  readonly fields: readonly string[]
}

export interface LogRange {
  readonly stream: string
  /** Entries behind this id. */
  readonly after: string
  /** The last id, or the millisecond of the last ids; the end of the stream when it is left out. */
  readonly upTo?: string
  readonly count: number
}

/** Streams as they lie, without a consumer group. */
export interface LogStreams {
  /** The next entries; fewer than `count` when these were the last. */
  readonly read: (range: LogRange) => Promise<LogEntry[]>
  readonly remove: (stream: string, entries: readonly LogEntry[]) => Promise<void>
  /** How many entries there are, and whether that is all that were ever added. */
  readonly size: (stream: string) => Promise<{ readonly entries: number; readonly isWhole: boolean }>
  readonly nowMs: () => Promise<number>
}

export function createLogStreams(redis: Redis): LogStreams {
  return {
    read: async ({ stream, after, upTo = '+', count }) => {
      const entries = await redis.xrange(stream, `(${after}`, upTo, 'COUNT', count)
      return entries.map(([id, fields]) => ({ id, fields }))
    },
    remove: async (stream, entries) => {
      if (entries.length > 0) await redis.xdel(stream, ...entries.map(({ id }) => id))
    },
    size: async (stream) => {
      const info = (await redis.xinfo('STREAM', stream).catch(noStream)) as unknown[]
      const numberOf = (name: string) => Number(info[info.indexOf(name) + 1])
      return { entries: numberOf('length'), isWhole: numberOf('length') === numberOf('entries-added') }
    },
    nowMs: async () => {
      const [seconds, micros] = await redis.time()
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
    }
  }
}

function noStream(error: Error): unknown[] {
  if (error.message.includes('no such key')) return ['length', 0, 'entries-added', 0]
  throw error
}

/** The event of a log entry as JSON; undefined for an entry without one. */
export function eventJsonOf({ fields }: LogEntry): string | undefined {
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === 'e') return fields[at + 1]
  return undefined
}
