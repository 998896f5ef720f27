import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { AssayEvent } from '../../../src/domain/event.ts'
import { History } from '../../../src/features/history.ts'
import { encodeCall, sendEncoded } from '../../../src/redis/encoded-call.ts'
import type { Keys } from '../../../src/redis/keys.ts'
import { busyHistory, packRecords } from './history.ts'

export interface Memory {
  readonly entities: number
  readonly eventsEach: number
  readonly bytesPerEntity: number
  readonly usedBytes: number
}

/** Different enough for their lengths to differ; making a million of them would take minutes and show nothing more. */
const DIFFERENT = 500
const PIPELINE = 1000
const TOKEN_BYTES = 16
const TOKEN_CHARS = 22

/** What Redis needs for so many entities, from its own account of its memory; keys are as long as real ones. */
export async function measureMemory(
  redis: Redis,
  keys: Keys,
  { entities, eventsEach }: { readonly entities: number; readonly eventsEach: number },
  note: (line: string) => void
): Promise<Memory> {
  const profiles = Array.from({ length: DIFFERENT }, (_, seed) =>
    profileOf(busyHistory(eventsEach, Date.now(), seed + 1))
  )
  const before = await usedMemory(redis)
  for (let from = 0; from < entities; from += PIPELINE) {
    if (from % 100_000 === 0) note(`${from} of ${entities} entities written`)
    const some = Array.from({ length: Math.min(PIPELINE, entities - from) }, (_, index) => {
      const token = randomBytes(TOKEN_BYTES).toString('base64url').slice(0, TOKEN_CHARS)
      const profile = profiles[(from + index) % DIFFERENT] as Buffer
      return sendEncoded(redis, 'set', encodeCall(['SET', keys.entity('applicant', token), profile]))
    })
    await Promise.all(some)
  }
  const usedBytes = (await usedMemory(redis)) - before
  return { entities, eventsEach, usedBytes, bytesPerEntity: usedBytes / entities }
}

function profileOf(events: Iterable<AssayEvent>): Buffer {
  const records = packRecords(events)
  return new History().fold(null, records).encode()
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
}
