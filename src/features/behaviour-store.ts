import type { Redis } from 'ioredis'
import { type AssayEvent, ENTITY_KINDS, type EntityKind } from '../domain/event.ts'
import { exposureChangeOf } from '../domain/exposure-change.ts'
import { type AppendCall, type Appended, append } from '../redis/functions.ts'
import { type Keys, partitionOfText } from '../redis/keys.ts'
import { loanNoteOf } from '../redis/loan-functions.ts'
import { createTurnBatcher } from '../redis/turn-batcher.ts'
import { serialiseEvent } from './event-json.ts'
import { packRecord } from './record.ts'

/**
 * 'full': one of the event’s entities takes no more until it is folded; nothing was written. 'setAside': it is in the log, but
 * came too late for an entity so crowded that this time is kept as tiles only, where it could not be told from a repeat;
 * it does not count there until the entity is rebuilt from the log.
 */
export type AppendOutcome = 'appended' | 'setAside' | 'full'

/** Where events are acknowledged: after 'appended' every later read sees the event. */
export interface BehaviourStore {
  readonly append: (event: AssayEvent) => Promise<AppendOutcome>
  /** Many at once, without a promise for each; a call that fails takes the events of that call along. */
  readonly appendAll: (events: readonly AssayEvent[]) => Promise<PromiseSettledResult<AppendOutcome>[]>
}

export interface BehaviourStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  /** From this many unfolded bytes an entity is due for compaction: about forty events. */
  readonly compactFromBytes: number
  /** Above this an entity takes no more: what folding it would cost a decision no longer fits its budget. */
  readonly maxEntityBytes: number
  readonly nowMs: () => number
  /** For each entity that did not take an event which came too late for it. */
  readonly onSetAside: (entity: EntityKind) => void
}

/** Events of one call: 64 keep Redis busy for a millisecond or two, and decisions wait that long at most. */
const MAX_BATCH = 64
/** What comes sooner after it happened is not looked up in entities that are too short for it to matter. */
const LATE_MS = 60_000

/** BehaviourStore on Redis; the events of one turn are one Redis Function call (redis/lua/10-behaviour.lua). */
export function createBehaviourStore({
  redis,
  keys,
  compactFromBytes,
  maxEntityBytes,
  nowMs,
  onSetAside
}: BehaviourStoreOptions): BehaviourStore {
  const limits = { dueBytes: compactFromBytes, maxBytes: maxEntityBytes }
  const appendSome = (calls: readonly AppendCall[]) =>
    append(redis, calls, { ...limits, lateBeforeMs: nowMs() - LATE_MS })
  const appendOne = createTurnBatcher(appendSome, MAX_BATCH)

  const outcomeOf = (event: AssayEvent, appended: Appended): AppendOutcome => {
    if (appended === 'full') return 'full'
    if (appended.closed.length === 0) return 'appended'
    const kinds = ENTITY_KINDS.filter((kind) => event.refs[kind] !== undefined)
    for (const place of appended.closed) onSetAside(kinds[place] as EntityKind)
    return 'setAside'
  }

  return {
    append: async (event) => outcomeOf(event, await appendOne(appendCall(keys, event))),
    appendAll: async (events) => {
      const batches = Array.from({ length: Math.ceil(events.length / MAX_BATCH) }, (_, batch) =>
        events.slice(batch * MAX_BATCH, (batch + 1) * MAX_BATCH)
      )
      const settled = await Promise.allSettled(
        batches.map((batch) => appendSome(batch.map((event) => appendCall(keys, event))))
      )
      return settled.flatMap((result, index) =>
        (batches[index] as readonly AssayEvent[]).map((event, place) =>
          result.status === 'rejected'
            ? result
            : { status: 'fulfilled' as const, value: outcomeOf(event, result.value[place] as Appended) }
        )
      )
    }
  }
}

/** What appends an event: its keys, itself as JSON and packed. */
export function appendCall(keys: Keys, event: AssayEvent): AppendCall {
  const partition = partitionOfText(event.refs.applicant)
  return {
    log: keys.log(partition),
    due: keys.due(partition),
    entities: entityKeys(keys, event.refs),
    exposure: keys.exposure(partition, event.tenant, event.refs.applicant),
    atMs: event.occurredAtMs,
    event: serialiseEvent(event),
    record: packRecord(event),
    change: exposureChangeOf(event),
    loan: loanNoteOf(keys, event)
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
