import type { AssayEvent } from '../domain/event.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { eventJsonOf, type LogStreams, STREAM_START } from '../redis/log-entries.ts'
import { parseLogEvent } from './event-json.ts'

/** Some events; `malformed` counts entries that are none. */
export interface EventBatch {
  readonly events: readonly AssayEvent[]
  readonly malformed: number
}

/** Where a replay has its events from. It can be read more than once. */
export interface EventSource {
  /** As the caller named it. */
  readonly name: string
  /** About how many events there are. */
  readonly estimate: () => Promise<number>
  readonly read: () => AsyncGenerator<EventBatch>
}

export interface LogSource extends EventSource {
  /** What came since it was last read. */
  readonly readNew: () => AsyncGenerator<EventBatch>
  /** Whether the log still has everything that was ever written to it. */
  readonly isWhole: () => Promise<boolean>
}

/** Redis is busy for about a tenth of a millisecond for so many. */
const BATCH = 200

/** The log streams of all partitions, each from its beginning. */
export function createLogSource(streams: LogStreams, keys: Keys): LogSource {
  const names = Array.from({ length: PARTITIONS }, (_, partition) => keys.log(partition))
  const positions = names.map(() => STREAM_START)

  async function* readNew(): AsyncGenerator<EventBatch> {
    for (const [partition, stream] of names.entries()) {
      for (;;) {
        const entries = await streams.read({ stream, after: positions[partition] as string, count: BATCH })
        positions[partition] = entries.at(-1)?.id ?? (positions[partition] as string)
        if (entries.length > 0) yield toBatch(entries.map(eventJsonOf))
        if (entries.length < BATCH) break
      }
    }
  }

  const sizes = () => Promise.all(names.map((stream) => streams.size(stream)))
  return {
    name: 'log',
    estimate: async () => (await sizes()).reduce((sum, { entries }) => sum + entries, 0),
    read: () => {
      positions.fill(STREAM_START)
      return readNew()
    },
    readNew,
    isWhole: async () => (await sizes()).every(({ isWhole }) => isWhole)
  }
}

function toBatch(texts: readonly (string | undefined)[]): EventBatch {
  const events: AssayEvent[] = []
  for (const text of texts) {
    const event = text === undefined ? undefined : parseLogEvent(text)
    if (event !== undefined) events.push(event)
  }
  return { events, malformed: texts.length - events.length }
}
