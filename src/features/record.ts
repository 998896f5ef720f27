import { type AssayEvent, ENTITY_KINDS, EVENT_TYPES, FIELDS, type Field, type Fields } from '../domain/event.ts'
import { hash32 } from '../domain/hash.ts'
import { fromZigzag, readUint32, readUint48 } from './bytes.ts'
import { FIELD_COUNT, REF_COUNT, type Rows } from './rows.ts'

/**
 * An event as tails keep it until it is folded, the same bytes for every entity it concerns:
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

/** The record of a row: as packRecord() made it, but for the last 16 bits of the id, which rows do not keep. */
export function packRow(rows: Rows, row: number): Buffer {
  const record = Buffer.alloc(MAX_RECORD_BYTES)
  const fieldMask = rows.fieldMask[row] as number
  const refMask = rows.refMask[row] as number
  record[1] = rows.type[row] as number
  record[2] = fieldMask
  record[3] = refMask
  record.writeUIntBE(rows.atMs[row] as number, 4, 6)
  record.writeUInt32BE(rows.idHigh[row] as number, 10)
  record.writeUInt16BE(rows.idLow[row] as number, 14)
  let offset = RECORD_HEADER_BYTES
  for (let kind = 0; kind < REF_COUNT; kind++) {
    if ((refMask & (1 << kind)) !== 0)
      offset = record.writeUInt32BE(rows.refs[row * REF_COUNT + kind] as number, offset)
  }
  for (let field = 0; field < FIELD_COUNT; field++) {
    if ((fieldMask & (1 << field)) === 0) continue
    const value = rows.fields[row * FIELD_COUNT + field] as number
    offset = writeVarint(value < 0 ? -value * 2 - 1 : value * 2, record, offset)
  }
  record[0] = offset
  return record.subarray(0, offset)
}

/** Event time of the record at an offset. */
export function recordAtMs(bytes: Buffer, start: number): number {
  return readUint48(bytes, start + 4)
}

/** 48 bits of the hash of its event id are enough for the few hundred events of an entity. */
export function recordIdHigh(bytes: Buffer, start: number): number {
  return readUint32(bytes, start + 10)
}

export function recordIdLow(bytes: Buffer, start: number): number {
  return ((bytes[start + 14] as number) << 8) | (bytes[start + 15] as number)
}

/** Unpacks what is wanted of a record of a known length into a row, but for its time and id. Unknown types are kept. */
export function unpackRecord(bytes: Buffer, start: number, length: number, rows: Rows, row: number): void {
  const fieldMask = bytes[start + 2] as number
  const refMask = bytes[start + 3] as number
  rows.type[row] = bytes[start + 1] as number
  rows.fieldMask[row] = fieldMask
  rows.refMask[row] = refMask
  if (refMask >> REF_COUNT !== 0) throw new RangeError(`the record at ${start} names an unknown kind of entity`)
  const wantsFields = (fieldMask & rows.wantedFields) !== 0
  if (!wantsFields && (refMask & rows.wantedRefs) === 0) return
  let offset = start + RECORD_HEADER_BYTES
  for (let to = row * REF_COUNT, rest = refMask; rest !== 0; to++, rest >>= 1) {
    if ((rest & 1) === 0) continue
    rows.refs[to] = readUint32(bytes, offset)
    offset += 4
  }
  if (wantsFields) unpackFields(bytes, offset, start + length, fieldMask, rows.fields, row * FIELD_COUNT)
}

function unpackFields(
  bytes: Buffer,
  start: number,
  end: number,
  mask: number,
  fields: Float64Array,
  first: number
): void {
  let offset = start
  for (let to = first, rest = mask; rest !== 0; to++, rest >>= 1) {
    if ((rest & 1) === 0) continue
    let byte = bytes[offset++] as number
    let zigzag = byte & 127
    for (let scale = 128; byte >= 128 && offset < end; scale *= 128) {
      byte = bytes[offset++] as number
      zigzag += (byte & 127) * scale
    }
    fields[to] = fromZigzag(zigzag)
  }
  if (offset > end) throw new RangeError(`the record that ends at ${end} is too short`)
}

function writeIdHash(eventId: string, record: Buffer, offset: number): void {
  record.writeUInt32BE(hash32(eventId, 0), offset)
  record.writeUInt32BE(hash32(eventId, 0x9e3779b9), offset + 4)
}
