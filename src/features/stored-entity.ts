import { RECORD_HEADER_BYTES } from './record.ts'

const PROFILE_VERSION = 1
const PROFILE_HEADER_BYTES = 10
const REFS_AT = RECORD_HEADER_BYTES

/** What is stored of an entity, taken apart. Everything here that knows the format of a profile is in this file. */
export interface StoredEntity {
  /** A fold without its records: what it knows of events that it no longer holds whole; null when there are none. */
  readonly head: Buffer | null
  /** The records of the fold, then those appended since. */
  readonly records: Buffer
}

/** Takes the bytes of an entity apart; undefined when no fold could read them. */
export function readStoredEntity(value: Buffer): StoredEntity | undefined {
  const first = value[0]
  if (first === undefined) return { head: null, records: value }
  const isFolded = first < RECORD_HEADER_BYTES
  if (isFolded && (first !== PROFILE_VERSION || value.length < PROFILE_HEADER_BYTES)) return undefined
  const records = value.subarray(isFolded ? PROFILE_HEADER_BYTES : 0)
  if (!areRecords(records)) return undefined
  return { head: isFolded ? headOf(value) : null, records }
}

function headOf(value: Buffer): Buffer | null {
  if (value.readIntBE(4, 6) === -1) return null
  const head = Buffer.from(value.subarray(0, PROFILE_HEADER_BYTES))
  head.writeUIntBE(head.length, 1, 3)
  return head
}

function areRecords(bytes: Buffer): boolean {
  let offset = 0
  while (offset < bytes.length) {
    const length = bytes[offset] as number
    if (length < RECORD_HEADER_BYTES) return false
    offset += length
  }
  return offset === bytes.length
}

/** The records one by one, as views of the same bytes. */
export function* eachRecord(records: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < records.length; offset += records[offset] as number)
    yield records.subarray(offset, offset + (records[offset] as number))
}

export function recordAtMs(records: Buffer, offset: number): number {
  return records.readUIntBE(offset + 4, 6)
}

/** The hash of the event id as text, to look ids up by. */
export function recordIdHash(records: Buffer, offset: number): string {
  return records.toString('latin1', offset + 10, offset + 18)
}

/** The hash of the applicant’s token; undefined where the event names none. */
export function recordApplicant(record: Buffer): number | undefined {
  return ((record[3] as number) & 1) === 0 ? undefined : record.readUInt32BE(REFS_AT)
}

/** The newest event time of an entity; -1 when it has no event. A fold keeps its newest events whole, unless erased. */
export function newestEventMs({ head, records }: StoredEntity): number {
  let newestMs = head === null ? -1 : head.readIntBE(4, 6)
  for (let offset = 0; offset < records.length; offset += records[offset] as number)
    newestMs = Math.max(newestMs, recordAtMs(records, offset))
  return newestMs
}
