import type { AssayEvent } from '../domain/event.ts'
import type { History } from './history.ts'
import { recordAtMs } from './record.ts'
import { type CollectedEntity, createRecordCollector, PLACES } from './record-collector.ts'
import { createHistories, readEntity, recordsOf } from './stored-entity.ts'

/** Above this many records a fold is made of parts in order of time, so that rows stay few. */
const FOLD_RECORDS = 4096
/** Profiles know as much of an id (record.ts). */
const ID_BYTES = 6

export interface RebuiltProfile {
  readonly entity: CollectedEntity
  readonly profile: Buffer
}

/** The profile of every entity that the events name. Pure; for what fits into memory. */
export function* rebuildProfiles(events: Iterable<AssayEvent>): Generator<RebuiltProfile> {
  const collector = createRecordCollector({ from: 0, to: PLACES, maxBytes: Number.POSITIVE_INFINITY })
  for (const event of events) collector.add(event)
  const historyOf = createHistories()
  for (const entity of collector.entities())
    yield { entity, profile: foldRecords(historyOf(entity.kind), collector.recordsOf(entity)) }
}

/** The fold of records in any order with any repeats. An id counts once, at its earliest time. */
export function foldRecords(history: History, records: Buffer): Buffer {
  let offsets = offsetsOf(records)
  if (offsets.length <= FOLD_RECORDS) return history.fold(null, records).encode()
  offsets = inOrder(records, offsets)
  let profile: Buffer | null = null
  for (let start = 0; start < offsets.length; ) {
    let end = Math.min(start + FOLD_RECORDS, offsets.length)
    // What becomes tiles ends at a time: events of one time stay together, or the later part would count as late.
    while (end < offsets.length && atMs(records, offsets, end) === atMs(records, offsets, end - 1)) end++
    profile = history.fold(profile, gather(records, offsets.slice(start, end))).encode()
    start = end
  }
  return profile as Buffer
}

/**
 * What an entity should be: everything the log knows, and what only the entity knows. Of an id that both know the log’s
 * record counts, it is the truth; of a time that the entity keeps as tiles, the tiles do. Tiles of another catalogue are
 * made anew from what the log has; it may have been trimmed, so their time is flagged as incomplete.
 *
 * @returns undefined when the stored bytes cannot be read
 */
export function mergeEntity(history: History, value: Buffer, logRecords: Buffer): Buffer | undefined {
  if (!readEntity(history, value)) return undefined
  if (history.horizonMs >= 0 && !history.isForeign) return history.fold(value, logRecords).encode()
  const lostMs = history.isForeign ? history.horizonMs : -1
  const stored = recordsOf(history)
  const known = new Set(offsetsOf(logRecords).map((offset) => recordIdHash(logRecords, offset)))
  const others = offsetsOf(stored).filter((offset) => !known.has(recordIdHash(stored, offset)))
  try {
    const profile = foldRecords(history, Buffer.concat([logRecords, gather(stored, others)]))
    if (lostMs < 0) return profile
    history.fold(profile, null).lose(lostMs)
    return history.encode()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The hash of the event id as text, to look ids up by. */
function recordIdHash(records: Buffer, offset: number): string {
  return records.toString('latin1', offset + 10, offset + 10 + ID_BYTES)
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
