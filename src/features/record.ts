import { type AssayEvent, ENTITY_KINDS, EVENT_TYPES, FIELDS, type Field, type Fields } from '../domain/event.ts'
import { fromZigzag, readUint32, readUint48 } from './bytes.ts'
import type { Rows } from './rows.ts'

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

/** What of a record is needed before it is known to be new: 48 bits of its id hash, and its time. */
export function recordAtMs(bytes: Buffer, start: number): number {
  return readUint48(bytes, start + 4)
}
export function recordIdHigh(bytes: Buffer, start: number): number {
  return readUint32(bytes, start + 10)
}
export function recordIdLow(bytes: Buffer, start: number): number {
  return (bytes[start + 14] as number) * 256 + (bytes[start + 15] as number)
}

/** Unpacks a record of a known length into a row. Types and fields it does not know are kept as they are. */
export function unpackRecord(bytes: Buffer, start: number, length: number, rows: Rows, row: number): void {
  const end = start + length
  const fieldMask = bytes[start + 2] as number
  const refMask = bytes[start + 3] as number
  rows.type[row] = bytes[start + 1] as number
  rows.atMs[row] = recordAtMs(bytes, start)
  rows.idHigh[row] = recordIdHigh(bytes, start)
  rows.idLow[row] = recordIdLow(bytes, start)
  rows.fieldMask[row] = fieldMask
  rows.refMask[row] = refMask
  if (refMask >> ENTITY_KINDS.length !== 0)
    throw new RangeError(`the record at ${start} names an unknown kind of entity`)
  let offset = start + RECORD_HEADER_BYTES
  for (let kind = 0, rest = refMask; rest !== 0; kind++, rest >>= 1) {
    if ((rest & 1) === 0) continue
    ;(rows.refs[kind] as Uint32Array)[row] = readUint32(bytes, offset)
    offset += 4
  }
  for (let field = 0, rest = fieldMask; rest !== 0; field++, rest >>= 1) {
    if ((rest & 1) === 0) continue
    let zigzag = 0
    let scale = 1
    let byte: number
    do {
      byte = bytes[offset++] as number
      zigzag += (byte & 127) * scale
      scale *= 128
    } while (byte >= 128 && offset < end)
    ;(rows.fields[field] as Float64Array)[row] = fromZigzag(zigzag)
  }
  if (offset > end) throw new RangeError(`the record at ${start} ends in the middle`)
}

/** 32-bit FNV-1a with a final mix (murmur3’s), so that ids that differ in one character share no bits. */
export function hash32(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function writeIdHash(eventId: string, record: Buffer, offset: number): void {
  record.writeUInt32BE(hash32(eventId, 0), offset)
  record.writeUInt32BE(hash32(eventId, 0x9e3779b9), offset + 4)
}
