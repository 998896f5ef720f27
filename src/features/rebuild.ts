import type { AssayEvent } from '../domain/event.ts'
import { History } from './history.ts'
import { type CollectedEntity, createRecordCollector, PLACES } from './record-collector.ts'
import { readStoredEntity, recordAtMs, recordIdHash } from './stored-entity.ts'

/** Above this many records a fold is made of parts in order of time: one fold compares each record with every other. */
const FOLD_RECORDS = 512

export interface RebuiltProfile {
  readonly entity: CollectedEntity
  readonly profile: Buffer
}

/** The profile of every entity that the events name. Pure; for what fits into memory. */
export function* rebuildProfiles(events: Iterable<AssayEvent>): Generator<RebuiltProfile> {
  const collector = createRecordCollector({ from: 0, to: PLACES, maxBytes: Number.POSITIVE_INFINITY })
  for (const event of events) collector.add(event)
  const history = new History()
  for (const entity of collector.entities())
    yield { entity, profile: foldRecords(history, null, collector.recordsOf(entity)) }
}

/**
 * The fold of records in any order with any repeats, on top of a fold without records. An id counts once, at its earliest
 * time.
 */
export function foldRecords(history: History, head: Buffer | null, records: Buffer): Buffer {
  let offsets = offsetsOf(records)
  if (offsets.length <= FOLD_RECORDS) return history.fold(head, records).encode()
  offsets = inOrder(records, offsets)
  let profile = head
  for (let start = 0; start < offsets.length; ) {
    let end = Math.min(start + FOLD_RECORDS, offsets.length)
    // What a fold drops ends at a time: events of one time stay together, or the later part would count as dropped.
    while (end < offsets.length && atMs(records, offsets, end) === atMs(records, offsets, end - 1)) end++
    profile = history.fold(profile, gather(records, offsets.slice(start, end))).encode()
    start = end
  }
  return profile as Buffer
}

/**
 * What an entity should be: everything the log knows, and what only the entity knows. Of an id that both know the log’s
 * record counts: it is the truth.
 *
 * @returns undefined when the stored bytes cannot be read
 */
export function mergeEntity(history: History, value: Buffer, logRecords: Buffer): Buffer | undefined {
  const stored = readStoredEntity(value)
  if (stored === undefined) return undefined
  const known = new Set(offsetsOf(logRecords).map((offset) => recordIdHash(logRecords, offset)))
  const others = offsetsOf(stored.records).filter((offset) => !known.has(recordIdHash(stored.records, offset)))
  try {
    return foldRecords(history, stored.head, Buffer.concat([logRecords, gather(stored.records, others)]))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function offsetsOf(records: Buffer): number[] {
  const offsets: number[] = []
  for (let offset = 0; offset < records.length; offset += records[offset] as number) offsets.push(offset)
  return offsets
}

/** By time and id hash, as a profile is; of each id the first alone. */
function inOrder(records: Buffer, offsets: readonly number[]): number[] {
  const keyed = offsets.map((offset) => ({
    offset,
    atMs: recordAtMs(records, offset),
    id: recordIdHash(records, offset)
  }))
  keyed.sort((left, right) => left.atMs - right.atMs || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0))
  const seen = new Set<string>()
  return keyed.flatMap(({ offset, id }) => {
    if (seen.has(id)) return []
    seen.add(id)
    return [offset]
  })
}

function atMs(records: Buffer, offsets: readonly number[], at: number): number {
  return recordAtMs(records, offsets[at] as number)
}

function gather(records: Buffer, offsets: readonly number[]): Buffer {
  return Buffer.concat(offsets.map((offset) => records.subarray(offset, offset + (records[offset] as number))))
}
