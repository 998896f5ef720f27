import { type AssayEvent, ENTITY_KINDS, EVENT_TYPES, FIELDS, type Field, type Fields } from '../domain/event.ts'
import { hash32 } from '../domain/hash.ts'

/**
 * An event as profiles and tails keep it, the same bytes for every entity it concerns:
 *
 *   u8 length of the whole record · u8 type code · u8 which fields · u8 which refs · u48 event time, ms ·
 *   u64 hash of the event id · u32 hash of each ref present · zigzag varint of each field present
 *
 * The length comes first so that a reader can step over a type it does not know yet. Big-endian throughout.
 */
export const RECORD_HEADER_BYTES = 18
const MAX_RECORD_BYTES = RECORD_HEADER_BYTES + ENTITY_KINDS.length * 4 + FIELDS.length * 8

/** Packs an event; throws on a field that is no safe integer, which the schemas exclude. */
export function packRecord(event: AssayEvent): Buffer {
  const { code, fields } = EVENT_TYPES[event.type]
  const values = (fields as (data: object, occurredAtMs: number) => Fields)(event.data, event.occurredAtMs)
  const record = Buffer.allocUnsafe(MAX_RECORD_BYTES)
  record[1] = code
  record.writeUIntBE(event.occurredAtMs, 4, 6)
  writeIdHash(event.eventId, record, 10)
  let offset = writeRefs(event, record)
  offset = writeFields(values, record, offset)
  record[0] = offset
  return record.subarray(0, offset)
}

function writeRefs({ refs }: AssayEvent, record: Buffer): number {
  let present = 0
  let offset = RECORD_HEADER_BYTES
  for (let kind = 0; kind < ENTITY_KINDS.length; kind++) {
    const token = refs[ENTITY_KINDS[kind] as (typeof ENTITY_KINDS)[number]]
    if (token === undefined) continue
    present |= 1 << kind
    offset = record.writeUInt32BE(hash32(token, 0), offset)
  }
  record[3] = present
  return offset
}

function writeFields(values: Fields, record: Buffer, start: number): number {
  let present = 0
  let offset = start
  for (let field = 0; field < FIELDS.length; field++) {
    const value = values[FIELDS[field] as Field]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value)) throw new RangeError(`${FIELDS[field]} is no safe integer: ${value}`)
    present |= 1 << field
    offset = writeVarint(value < 0 ? -value * 2 - 1 : value * 2, record, offset)
  }
  record[2] = present
  return offset
}

function writeVarint(value: number, record: Buffer, start: number): number {
  let offset = start
  let rest = value
  while (rest >= 128) {
    record[offset++] = (rest % 128) + 128
    rest = Math.floor(rest / 128)
  }
  record[offset++] = rest
  return offset
}

function writeIdHash(eventId: string, record: Buffer, offset: number): void {
  record.writeUInt32BE(hash32(eventId, 0), offset)
  record.writeUInt32BE(hash32(eventId, 0x9e3779b9), offset + 4)
}
