import { ByteReader, ByteWriter } from './bytes.ts'
import { EventCodec } from './event-codec.ts'
import { IdTable } from './id-table.ts'
import { sortRanks } from './rank-order.ts'
import { RECORD_HEADER_BYTES, recordAtMs, recordIdHigh, recordIdLow, unpackRecord } from './record.ts'
import { grown, Rows } from './rows.ts'
import { readTiles, writeTiles } from './tile-codec.ts'
import { createTileLayouts, type TileLayout, typeBit } from './tile-layout.ts'
import { Tiles } from './tiles.ts'

/** Newest events of an entity that a profile keeps whole: windows over them are exact to the millisecond. */
export const MAX_RETAINED = 512
/** A decision reads five of them, and Redis holds one for every entity. */
export const MAX_PROFILE_BYTES = 16_384

const PROFILE_VERSION = 2
/** Whole events as records, and nothing of the older ones. */
const RECORDS_VERSION = 1
const PROFILE_HEADER_BYTES = 10
/** Whole events that are given up at a time when even 512 alone are more than a profile may have. */
const GIVEN_UP_ROWS = 16

/** A layout for histories of which no feature is read. */
export const NO_FEATURES = createTileLayouts([])[0] as TileLayout

/**
 * The events of one entity, the newest MAX_RETAINED whole and in order of (event time, id hash), the older ones as tiles.
 * One instance is filled, read and filled again: a decision folds five entities in microseconds.
 *
 * A fold is order-free and idempotent: an id stands for one event, and any permutation and duplication of the same events
 * gives the same columns and the same profile bytes, as does any cut into folds while no event had to become part of a
 * tile. From then on cuts must be in order of time: an event at or before the horizon cannot be told from one that is in
 * a tile already; it is counted in `setAside` and changes nothing.
 */
export class History {
  readonly rows: Rows
  readonly tiles: Tiles
  /** Number of whole events; only the first `size` entries of `order` are valid. */
  size = 0
  /** Row numbers, oldest event first. */
  order = new Int32Array(MAX_RETAINED)
  /** Time of the newest event that is not whole any more; −1: all are. */
  horizonMs = -1
  /** Whether the tiles are of another layout than ours: nothing before the horizon is known, and nothing may be written. */
  isForeign = false
  /** Events that came too late to be told from a repeat. */
  setAside = 0
  /** Per type code the row of its newest event, −1 when there is none; from there `olderOfType` leads on. */
  readonly newestOfType = new Int32Array(256)
  olderOfType = new Int32Array(MAX_RETAINED)
  /** The types that whole events have, as bits of typeBit. */
  typeBits = 0
  readonly #adoptForeign: boolean
  readonly #readsOnly: boolean
  readonly #ids = new IdTable()
  readonly #events = new EventCodec()
  readonly #reader = new ByteReader()
  #writer: ByteWriter | undefined
  /** Rows before it are in order already. */
  #firstUnordered = 0
  /** Events at or before it that are not known are set aside. */
  #closedUntilMs = -1

  /**
   * With `adoptForeign`, tiles of another layout are given up when they are met: what they stood for is missing from then
   * on, features say so until it has left their windows, and the profile can be written again. With `readsOnly` nothing is
   * unpacked that no feature of the layout reads, and `encode` throws.
   */
  constructor(layout: TileLayout = NO_FEATURES, { adoptForeign = false, readsOnly = false } = {}) {
    this.rows = readsOnly ? new Rows(layout.wantedFields, layout.wantedRefs) : new Rows()
    this.#readsOnly = readsOnly
    this.tiles = new Tiles(layout)
    this.#adoptForeign = adoptForeign
  }

  /**
   * Folds what is stored of an entity (a profile and the records behind it, or records alone) and more records; either
   * may be absent. Throws RangeError on bytes that are neither.
   */
  fold(profile: Buffer | null, tail: Buffer | null): this {
    this.#clear()
    if (profile !== null && profile.length > 0) this.#readRecords(profile, this.#readProfile(profile))
    if (tail !== null) this.#readRecords(tail, 0)
    this.#order()
    this.#collapse(this.size - MAX_RETAINED)
    this.#link()
    return this
  }

  /**
   * The profile of what was folded (docs/redis.md), at most MAX_PROFILE_BYTES. What does not fit is given up in a fixed
   * order: distinct values, tiles of the longest windows, the oldest whole events; floors in the profile say so. From then
   * on its bytes depend on where folds were cut. Throws when the tiles are foreign.
   */
  encode(): Buffer {
    if (this.#readsOnly) throw new Error('a history that is only read is not whole')
    if (this.isForeign) throw new Error('tiles of another catalogue cannot be written')
    this.#writer ??= new ByteWriter(4 * MAX_PROFILE_BYTES)
    const writer = this.#writer
    for (;;) {
      writer.length = PROFILE_HEADER_BYTES
      this.#events.write(writer, this.rows, this.order, this.size)
      if (this.horizonMs >= 0) writeTiles(writer, this.tiles, this.horizonMs)
      if (writer.length <= MAX_PROFILE_BYTES) break
      if (this.horizonMs >= 0 && this.tiles.shed()) continue
      if (this.size <= GIVEN_UP_ROWS) throw new Error('the catalogue has more columns than a profile has room for')
      this.#collapse(GIVEN_UP_ROWS)
    }
    this.#link()
    const profile = Buffer.from(writer.written())
    profile[0] = PROFILE_VERSION
    profile.writeUIntBE(profile.length, 1, 3)
    profile.writeIntBE(this.horizonMs, 4, 6)
    return profile
  }

  /** Time of the newest event; −1 when there is none. */
  get newestMs(): number {
    return this.size === 0 ? this.horizonMs : (this.rows.atMs[this.order[this.size - 1] as number] as number)
  }

  /**
   * Drops the whole events that name an entity, and its hash from the sets of distinct ones; what tiles count of its events
   * are numbers without a name and stay. Returns how many places it stood in.
   */
  forget(kind: number, hash: number): number {
    let kept = 0
    for (let rank = 0; rank < this.size; rank++) {
      const row = this.order[rank] as number
      if (!this.rows.names(row, kind, hash)) this.order[kept++] = row
    }
    const gone = this.size - kept
    this.size = kept
    this.#link()
    return gone + this.tiles.forget(kind, hash)
  }

  /** Says that events up to a time may be missing: features flag it, and more of that time are set aside. */
  lose(untilMs: number): void {
    this.tiles.use()
    this.tiles.lostMs = Math.max(this.tiles.lostMs, untilMs)
    this.horizonMs = Math.max(this.horizonMs, untilMs)
  }

  #clear(): void {
    this.rows.count = 0
    this.size = 0
    this.horizonMs = -1
    this.isForeign = false
    this.setAside = 0
    this.tiles.clear()
    this.#ids.clear()
    this.#firstUnordered = 0
    this.#closedUntilMs = -1
  }

  /** Returns where the records behind the profile begin. */
  #readProfile(bytes: Buffer): number {
    const version = bytes[0] as number
    // An entity that was never folded has no header: it starts with a record, whose length no version reaches.
    if (version >= RECORD_HEADER_BYTES) return 0
    if (version !== PROFILE_VERSION && version !== RECORDS_VERSION)
      throw new RangeError(`profile version ${version} is not known`)
    const end = bytes.length < PROFILE_HEADER_BYTES ? 0 : bytes.readUIntBE(1, 3)
    if (end < PROFILE_HEADER_BYTES || end > bytes.length) throw new RangeError('a profile ends in the middle')
    this.horizonMs = bytes.readIntBE(4, 6)
    if (version === RECORDS_VERSION) this.#readRecords(bytes, PROFILE_HEADER_BYTES, end)
    else this.#events.read(this.#reader.open(bytes, PROFILE_HEADER_BYTES, end), this.rows)
    if (this.horizonMs >= 0) this.#readTiles(version)
    if (version === PROFILE_VERSION) this.#firstUnordered = this.rows.count
    this.#closedUntilMs = this.horizonMs
    return end
  }

  #readTiles(version: number): void {
    this.tiles.use()
    const isOurs = version === PROFILE_VERSION && readTiles(this.#reader, this.tiles, this.horizonMs)
    this.isForeign = !isOurs && version === PROFILE_VERSION && !this.#adoptForeign
    if (!isOurs) this.tiles.lostMs = this.horizonMs
  }

  #readRecords(bytes: Buffer, from: number, end = bytes.length): void {
    let offset = from
    while (offset < end) {
      const length = bytes[offset] as number
      if (length < RECORD_HEADER_BYTES || offset + length > end) throw new RangeError(`broken record at ${offset}`)
      this.#insert(bytes, offset, length)
      offset += length
    }
  }

  #insert(bytes: Buffer, start: number, length: number): void {
    const atMs = recordAtMs(bytes, start)
    const idHigh = recordIdHigh(bytes, start)
    const idLow = recordIdLow(bytes, start)
    const known = this.#ids.find(this.rows, idHigh, idLow)
    if (known < 0 && atMs <= this.#closedUntilMs) this.setAside++
    if (known < 0 && atMs > this.#closedUntilMs) {
      const row = this.rows.add()
      this.rows.atMs[row] = atMs
      this.rows.idHigh[row] = idHigh
      this.rows.idLow[row] = idLow
      unpackRecord(bytes, start, length, this.rows, row)
      if (this.#firstUnordered === row && (row === 0 || this.rows.isAfter(row, row - 1))) this.#firstUnordered++
    }
    if (known < 0) return
    // The same id with another time is a producer’s mistake; the earlier time wins, whichever came first.
    if (atMs >= (this.rows.atMs[known] as number) || atMs <= this.#closedUntilMs) return
    unpackRecord(bytes, start, length, this.rows, known)
    this.rows.atMs[known] = atMs
    this.#firstUnordered = Math.min(this.#firstUnordered, known)
  }

  #order(): void {
    this.size = this.rows.count
    while (this.order.length < this.size) {
      this.order = grown(this.order)
      this.olderOfType = grown(this.olderOfType)
    }
    for (let row = 0; row < this.size; row++) this.order[row] = row
    if (this.#firstUnordered < this.size) sortRanks(this.rows, this.order, this.size, this.#firstUnordered)
  }

  /** Moves the oldest whole events into tiles, and ages the tiles. */
  #collapse(excess: number): void {
    if (this.size === 0 || (excess <= 0 && this.horizonMs < 0)) return
    this.tiles.use()
    if (!this.isForeign) this.tiles.age(this.rows.atMs[this.order[this.size - 1] as number] as number)
    if (excess <= 0) return
    for (let rank = 0; rank < excess; rank++) {
      const row = this.order[rank] as number
      if (!this.isForeign) this.tiles.absorb(this.rows, row)
      this.horizonMs = Math.max(this.horizonMs, this.rows.atMs[row] as number)
    }
    this.order.copyWithin(0, excess, this.size)
    this.size -= excess
  }

  #link(): void {
    this.newestOfType.fill(-1)
    this.typeBits = 0
    for (let rank = 0; rank < this.size; rank++) {
      const row = this.order[rank] as number
      const type = this.rows.type[row] as number
      this.olderOfType[row] = this.newestOfType[type] as number
      this.newestOfType[type] = row
      this.typeBits |= typeBit(type)
    }
  }
}
