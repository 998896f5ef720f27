import { ENTITY_KINDS } from '../domain/event.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { FIELD_COUNT, REF_COUNT, type Rows } from './rows.ts'

/** How a ref is written: not at all, as the one before of its kind, by its place in the dictionary, or in full. */
const ABSENT = 0
const SAME = 1
const KNOWN = 2
const NEW = 3

/** Refs of a kind, and shapes, that a profile may name: twice what its whole events can have. */
const MOST_REFS = 1024
const MOST_SHAPES = 1024

/** How many bits a mask has. */
const BITS = Uint8Array.from({ length: 256 }, (_, mask) => mask.toString(2).replaceAll('0', '').length)

/**
 * Whole events as profiles keep them:
 *
 *   varint number of events · varint number of shapes, each u8 type, u8 which fields, u16 how each ref is written (two bits
 *   a kind) · the events, oldest first, each
 *
 *   varint (ms since the event before · number of shapes + shape) · 48 bits of the id hash ·
 *   per ref that its shape calls new its u32 hash, known a varint place · zigzag varint of each field present
 *
 * Shapes are numbered as they come. The place of a ref counts back from the last new one of its kind.
 */
export class EventCodec {
  readonly #shapes = new Uint32Array(MOST_SHAPES)
  readonly #placeOfRank = new Uint16Array(MOST_SHAPES)
  readonly #refMasks = new Uint8Array(MOST_SHAPES)
  readonly #changesRefs = new Uint8Array(MOST_SHAPES)
  readonly #shapePlaces = new Map<number, number>()
  readonly #refs = ENTITY_KINDS.map(() => new Uint32Array(MOST_REFS))
  readonly #refPlaces = ENTITY_KINDS.map(() => new Map<number, number>())
  readonly #refCounts = new Int32Array(ENTITY_KINDS.length)
  readonly #lastRefs = new Uint32Array(ENTITY_KINDS.length)

  write(writer: ByteWriter, rows: Rows, order: Int32Array, size: number): void {
    this.#findShapes(rows, order, size)
    const shapes = this.#shapePlaces.size
    writer.varint(size)
    writer.varint(shapes)
    for (const shape of this.#shapePlaces.keys()) writer.uint(shape, 4)
    this.#refCounts.fill(0)
    let atMs = 0
    for (let rank = 0; rank < size; rank++) {
      const row = order[rank] as number
      const place = this.#placeOfRank[rank] as number
      writer.varint(((rows.atMs[row] as number) - atMs) * shapes + place)
      atMs = rows.atMs[row] as number
      writer.uint(rows.idHigh[row] as number, 4)
      writer.uint(rows.idLow[row] as number, 2)
      this.#writeRefs(writer, rows, row, (this.#shapes[place] as number) & 0xffff)
      for (let field = 0, rest = rows.fieldMask[row] as number; rest !== 0; field++, rest >>= 1)
        if ((rest & 1) !== 0) writer.zigzag(rows.fields[row * FIELD_COUNT + field] as number)
    }
  }

  #findShapes(rows: Rows, order: Int32Array, size: number): void {
    this.#shapePlaces.clear()
    for (const places of this.#refPlaces) places.clear()
    this.#lastRefs.fill(0)
    for (let rank = 0; rank < size; rank++) {
      const row = order[rank] as number
      const typeAndFields = (rows.type[row] as number) * 256 + (rows.fieldMask[row] as number)
      const shape = typeAndFields * 65_536 + this.#howRefs(rows, row)
      let place = this.#shapePlaces.get(shape)
      if (place === undefined) {
        place = this.#shapePlaces.size
        this.#shapePlaces.set(shape, place)
        this.#shapes[place] = shape
      }
      this.#placeOfRank[rank] = place
    }
  }

  #howRefs(rows: Rows, row: number): number {
    let refs = 0
    for (let kind = 0, rest = rows.refMask[row] as number; rest !== 0; kind++, rest >>= 1) {
      if ((rest & 1) === 0) continue
      const ref = rows.refs[row * REF_COUNT + kind] as number
      const places = this.#refPlaces[kind] as Map<number, number>
      const how = places.size > 0 && ref === this.#lastRefs[kind] ? SAME : places.has(ref) ? KNOWN : NEW
      if (how === NEW) places.set(ref, places.size)
      this.#lastRefs[kind] = ref
      refs |= how << (2 * kind)
    }
    return refs
  }

  #writeRefs(writer: ByteWriter, rows: Rows, row: number, refs: number): void {
    for (let kind = 0, rest = refs; rest !== 0; kind++, rest >>= 2) {
      const how = rest & 3
      if (how === ABSENT || how === SAME) continue
      const ref = rows.refs[row * REF_COUNT + kind] as number
      const count = this.#refCounts[kind] as number
      if (how === NEW) {
        this.#refCounts[kind] = count + 1
        writer.uint(ref, 4)
      } else writer.varint(count - 1 - (this.#refPlaces[kind]?.get(ref) as number))
    }
  }

  /** Adds a row for each event. Throws RangeError on bytes that write would not have written. */
  read(reader: ByteReader, rows: Rows): void {
    this.#refCounts.fill(0)
    this.#lastRefs.fill(0)
    const wantedFields = rows.wantedFields
    const size = reader.varint()
    const shapes = reader.varint()
    if (size > 0 && shapes === 0) throw new RangeError('a profile has events without a shape')
    this.#readShapes(reader, shapes)
    let atMs = 0
    for (let left = size; left > 0; left--) {
      const mixed = reader.varint()
      const sinceMs = Math.floor(mixed / shapes)
      const place = mixed - sinceMs * shapes
      const shape = this.#shapes[place] as number
      const row = rows.add()
      atMs += sinceMs
      rows.atMs[row] = atMs
      rows.type[row] = shape >>> 24
      rows.idHigh[row] = reader.uint32()
      rows.idLow[row] = reader.uint16()
      const refMask = this.#refMasks[place] as number
      rows.refMask[row] = refMask
      if (this.#changesRefs[place] === 1) this.#readRefs(reader, shape & 0xffff)
      if ((refMask & rows.wantedRefs) !== 0) this.#copyRefs(rows, row)
      const fieldMask = (shape >>> 16) & 255
      rows.fieldMask[row] = fieldMask
      if ((fieldMask & wantedFields) === 0) reader.skipVarints(BITS[fieldMask] as number)
      else
        for (let to = row * FIELD_COUNT, rest = fieldMask; rest !== 0; to++, rest >>= 1)
          if ((rest & 1) !== 0) rows.fields[to] = reader.zigzag()
      reader.check()
    }
  }

  #copyRefs({ refs }: Rows, row: number): void {
    const to = row * REF_COUNT
    for (let kind = 0; kind < REF_COUNT; kind++) refs[to + kind] = this.#lastRefs[kind] as number
  }

  #readShapes(reader: ByteReader, shapes: number): void {
    if (shapes > MOST_SHAPES) throw new RangeError('a profile has more shapes than it may')
    for (let place = 0; place < shapes; place++) {
      const shape = reader.uint32()
      const refs = shape & 0xffff
      this.#shapes[place] = shape
      let mask = 0
      for (let kind = 0, rest = refs; rest !== 0; kind++, rest >>= 2) if ((rest & 3) !== ABSENT) mask |= 1 << kind
      if (mask >> REF_COUNT !== 0) throw new RangeError('a profile names an unknown kind of entity')
      this.#refMasks[place] = mask
      // Either bit pattern above SAME has its upper bit set.
      this.#changesRefs[place] = (refs & 0xaaaa) === 0 ? 0 : 1
    }
    reader.check()
  }

  #readRefs(reader: ByteReader, refs: number): void {
    for (let kind = 0, rest = refs; rest !== 0; kind++, rest >>= 2) {
      const how = rest & 3
      if (how === KNOWN) this.#lastRefs[kind] = this.#knownRef(kind, reader.varint())
      else if (how === NEW) this.#lastRefs[kind] = this.#newRef(kind, reader.uint32())
    }
  }

  #knownRef(kind: number, back: number): number {
    const place = (this.#refCounts[kind] as number) - 1 - back
    if (place < 0) throw new RangeError(`ref ${place} is not defined`)
    return (this.#refs[kind] as Uint32Array)[place] as number
  }

  #newRef(kind: number, ref: number): number {
    const count = this.#refCounts[kind] as number
    if (count === MOST_REFS) throw new RangeError('a profile names more refs than it may')
    ;(this.#refs[kind] as Uint32Array)[count] = ref
    this.#refCounts[kind] = count + 1
    return ref
  }
}
