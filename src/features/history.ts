import { ENTITY_KINDS, FIELDS } from '../domain/event.ts'
import { RECORD_HEADER_BYTES } from './record.ts'

/** Newest events of an entity that a profile keeps whole: windows over them are exact to the millisecond. */
export const MAX_RETAINED = 512

const PROFILE_VERSION = 1
const PROFILE_HEADER_BYTES = 10

/**
 * The folded events of one entity in columns, in order of (event time, id hash). One instance is filled, read and
 * filled again: a decision folds five entities in microseconds without allocating.
 *
 * A fold is order-free and idempotent: an id stands for one event, and any permutation and duplication of the same events
 * gives the same columns and the same profile bytes. Beyond MAX_RETAINED the oldest go, and `truncatedBeforeMs` says how
 * far back the history is whole.
 */
export class History {
  /** Number of events; only the first `size` entries of `order` are valid. */
  size = 0
  /** Events at or before this time may be missing (-1: none are). */
  truncatedBeforeMs = -1
  /** Row numbers, oldest event first. */
  order = new Int32Array(MAX_RETAINED)
  type = new Uint8Array(MAX_RETAINED)
  /** Per type code whether any event has it: most features of most entities can stop there. */
  readonly hasType = new Uint8Array(256)
  atMs = new Float64Array(MAX_RETAINED)
  /** Per field its values, NaN where the event has none. */
  readonly fields: Float64Array[] = FIELDS.map(() => new Float64Array(MAX_RETAINED))
  /** Per kind of entity the hash of its token, 0 where the event names none. */
  readonly refs: Uint32Array[] = ENTITY_KINDS.map(() => new Uint32Array(MAX_RETAINED))
  #idHigh = new Uint32Array(MAX_RETAINED)
  #idLow = new Uint32Array(MAX_RETAINED)
  #start = new Int32Array(MAX_RETAINED)
  #source = new Uint8Array(MAX_RETAINED)
  #profile: Buffer | null = null
  #tail: Buffer | null = null
  #rows = 0

  /**
   * Folds what is stored of an entity (a profile and the records behind it, or records alone) and more records; either
   * may be absent. Throws RangeError on foreign bytes.
   */
  fold(profile: Buffer | null, tail: Buffer | null): this {
    this.size = 0
    this.#rows = 0
    this.truncatedBeforeMs = -1
    this.hasType.fill(0)
    this.#profile = profile
    this.#tail = tail
    if (profile !== null && profile.length > 0) {
      const version = profile[0] as number
      // An entity that was never folded has no header: it starts with a record, whose length no version reaches.
      const folded = version < RECORD_HEADER_BYTES
      if (folded && version !== PROFILE_VERSION) throw new RangeError(`profile version ${version} is not known`)
      if (folded) this.truncatedBeforeMs = profile.readIntBE(4, 6)
      this.#read(profile, folded ? PROFILE_HEADER_BYTES : 0, 0)
    }
    if (tail !== null) this.#read(tail, 0, 1)
    this.#truncate()
    return this
  }

  /** The profile of what was folded: a version, its own length, the truncation mark, then the records in order. */
  encode(): Buffer {
    let length = PROFILE_HEADER_BYTES
    for (let rank = 0; rank < this.size; rank++) length += this.#recordLength(this.order[rank] as number)
    const profile = Buffer.alloc(length)
    profile[0] = PROFILE_VERSION
    profile.writeUIntBE(length, 1, 3)
    profile.writeIntBE(this.truncatedBeforeMs, 4, 6)
    let offset = PROFILE_HEADER_BYTES
    for (let rank = 0; rank < this.size; rank++) {
      const row = this.order[rank] as number
      const source = this.#source[row] === 0 ? this.#profile : this.#tail
      const start = this.#start[row] as number
      offset += (source as Buffer).copy(profile, offset, start, start + this.#recordLength(row))
    }
    return profile
  }

  #recordLength(row: number): number {
    const source = this.#source[row] === 0 ? this.#profile : this.#tail
    return (source as Buffer)[this.#start[row] as number] as number
  }

  #read(bytes: Buffer, from: number, source: number): void {
    let offset = from
    while (offset < bytes.length) {
      const length = bytes[offset] as number
      if (length < RECORD_HEADER_BYTES || offset + length > bytes.length)
        throw new RangeError(`broken record at ${offset}`)
      this.#insert(bytes, offset, length, source)
      offset += length
    }
  }

  #insert(bytes: Buffer, start: number, length: number, source: number): void {
    const atMs = readUInt48(bytes, start + 4)
    const idHigh = readUInt32(bytes, start + 10)
    const idLow = readUInt32(bytes, start + 14)
    const known = this.#rowOf(idHigh, idLow)
    // The same id with another time is a producer’s mistake; the earlier time wins, whichever came first.
    if (known >= 0 && (this.atMs[known] as number) <= atMs) return
    if (known >= 0) this.#remove(known)
    const row = known >= 0 ? known : this.#newRow()
    this.atMs[row] = atMs
    this.#idHigh[row] = idHigh
    this.#idLow[row] = idLow
    this.#start[row] = start
    this.#source[row] = source
    this.#decode(bytes, start, length, row)
    let rank = this.size
    while (rank > 0 && this.#isAfter(this.order[rank - 1] as number, row)) {
      this.order[rank] = this.order[rank - 1] as number
      rank--
    }
    this.order[rank] = row
    this.size++
  }

  #decode(bytes: Buffer, start: number, length: number, row: number): void {
    const type = bytes[start + 1] as number
    this.type[row] = type
    this.hasType[type] = 1
    const present = bytes[start + 2] as number
    const refsPresent = bytes[start + 3] as number
    let offset = start + RECORD_HEADER_BYTES
    for (let kind = 0; kind < this.refs.length; kind++) {
      const has = (refsPresent & (1 << kind)) !== 0
      ;(this.refs[kind] as Uint32Array)[row] = has ? readUInt32(bytes, offset) : 0
      if (has) offset += 4
    }
    for (let field = 0; field < this.fields.length; field++) {
      let value = Number.NaN
      if ((present & (1 << field)) !== 0) {
        let zigzag = 0
        let scale = 1
        let byte: number
        do {
          byte = bytes[offset++] as number
          zigzag += (byte & 127) * scale
          scale *= 128
        } while (byte >= 128 && offset < start + length)
        value = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
      }
      ;(this.fields[field] as Float64Array)[row] = value
    }
  }

  #rowOf(idHigh: number, idLow: number): number {
    for (let row = 0; row < this.#rows; row++) {
      if (this.#idLow[row] === idLow && this.#idHigh[row] === idHigh) return row
    }
    return -1
  }

  #isAfter(left: number, right: number): boolean {
    const difference = (this.atMs[left] as number) - (this.atMs[right] as number)
    if (difference !== 0) return difference > 0
    if (this.#idHigh[left] !== this.#idHigh[right])
      return (this.#idHigh[left] as number) > (this.#idHigh[right] as number)
    return (this.#idLow[left] as number) > (this.#idLow[right] as number)
  }

  #remove(row: number): void {
    const rank = this.order.subarray(0, this.size).indexOf(row)
    this.order.copyWithin(rank, rank + 1, this.size)
    this.size--
  }

  #newRow(): number {
    if (this.#rows === this.atMs.length) this.#grow()
    return this.#rows++
  }

  #grow(): void {
    const capacity = this.atMs.length * 2
    const grown = <Column extends Float64Array | Uint32Array | Int32Array | Uint8Array>(column: Column): Column => {
      const larger = new (column.constructor as new (length: number) => Column)(capacity)
      larger.set(column)
      return larger
    }
    this.order = grown(this.order)
    this.type = grown(this.type)
    this.atMs = grown(this.atMs)
    this.#idHigh = grown(this.#idHigh)
    this.#idLow = grown(this.#idLow)
    this.#start = grown(this.#start)
    this.#source = grown(this.#source)
    for (let field = 0; field < this.fields.length; field++)
      this.fields[field] = grown(this.fields[field] as Float64Array)
    for (let kind = 0; kind < this.refs.length; kind++) this.refs[kind] = grown(this.refs[kind] as Uint32Array)
  }

  #truncate(): void {
    const excess = this.size - MAX_RETAINED
    if (excess <= 0) return
    const newestDropped = this.atMs[this.order[excess - 1] as number] as number
    this.truncatedBeforeMs = Math.max(this.truncatedBeforeMs, newestDropped)
    this.order.copyWithin(0, excess, this.size)
    this.size = MAX_RETAINED
  }
}

function readUInt32(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

function readUInt48(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) * 256 + (bytes[at + 1] as number)) * 4294967296 + readUInt32(bytes, at + 2)
}
