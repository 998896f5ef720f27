import type { Redis } from 'ioredis'
import { type AssayEvent, ENTITY_KINDS } from '../domain/event.ts'
import { append } from '../redis/functions.ts'
import { type Keys, partitionOfText } from '../redis/keys.ts'
import { serialiseEvent } from './event-json.ts'
import { packRecord } from './record.ts'

/** 'full': one of the event’s entities takes no more until it is folded; nothing was written. */
export type AppendOutcome = 'appended' | 'full'

/** Where events are acknowledged: after 'appended' every later read sees the event. */
export interface BehaviourStore {
  readonly append: (event: AssayEvent) => Promise<AppendOutcome>
}

export interface BehaviourStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  /** From this many unfolded bytes an entity is due for compaction: about forty events. */
  readonly compactFromBytes: number
  /** Above this an entity takes no more: what folding it would cost a decision no longer fits its budget. */
  readonly maxEntityBytes: number
}

/** BehaviourStore on Redis; one Redis Function per event (redis/lua/10-behaviour.lua). */
export function createBehaviourStore({
  redis,
  keys,
  compactFromBytes,
  maxEntityBytes
}: BehaviourStoreOptions): BehaviourStore {
  return {
    append: async (event) => {
      const names = [keys.log(partitionOfText(event.refs.applicant)), ...entityKeys(keys, event.refs)]
      const args = [serialiseEvent(event), packRecord(event), compactFromBytes, maxEntityBytes]
      return (await append(redis, names, args)) ? 'appended' : 'full'
    }
  }
}

/** The key of every entity that is named, in the order of ENTITY_KINDS. */
export function entityKeys(keys: Keys, refs: AssayEvent['refs']): string[] {
  const names: string[] = []
  for (const kind of ENTITY_KINDS) {
    const token = refs[kind]
    if (token !== undefined) names.push(keys.entity(kind, token))
  }
  return names
}
