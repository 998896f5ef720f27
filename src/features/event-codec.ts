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
 * Whole events as profiles keep them, oldest first:
 *
 *   varint shape · varint ms since the event before · 48 bits of the id hash ·
 *   per ref that its shape calls new its u32 hash, known a varint place · zigzag varint of each field present
 *
 * Shapes and refs are numbered as they come. Shape n where n were seen is a new one: u8 type, u8 which fields, u16 how each
 * ref is written (two bits a kind); its definition follows at once. The place of a ref counts back from the last new one
 * of its kind. Every byte depends on older events alone, so a longer history only adds bytes at the end.
 */
export class EventCodec {
  readonly #shapes = new Int32Array(MOST_SHAPES)
  readonly #refMasks = new Uint8Array(MOST_SHAPES)
  readonly #changesRefs = new Uint8Array(MOST_SHAPES)
  readonly #shapePlaces = new Map<number, number>()
  readonly #refs = ENTITY_KINDS.map(() => new Uint32Array(MOST_REFS))
  readonly #refPlaces = ENTITY_KINDS.map(() => new Map<number, number>())
  readonly #refCounts = new Int32Array(ENTITY_KINDS.length)
  readonly #lastRefs = new Uint32Array(ENTITY_KINDS.length)

  write(writer: ByteWriter, rows: Rows, order: Int32Array, size: number): void {
    this.#shapePlaces.clear()
    for (const places of this.#refPlaces) places.clear()
    this.#lastRefs.fill(0)
    let atMs = 0
    writer.varint(size)
    for (let rank = 0; rank < size; rank++) {
      const row = order[rank] as number
      const refs = this.#writeShape(writer, rows, row)
      writer.varint((rows.atMs[row] as number) - atMs)
      atMs = rows.atMs[row] as number
      writer.uint(rows.idHigh[row] as number, 4)
      writer.uint(rows.idLow[row] as number, 2)
      this.#writeRefs(writer, rows, row, refs)
      for (let field = 0, rest = rows.fieldMask[row] as number; rest !== 0; field++, rest >>= 1)
        if ((rest & 1) !== 0) writer.zigzag(rows.fields[row * FIELD_COUNT + field] as number)
    }
  }

  #writeShape(writer: ByteWriter, rows: Rows, row: number): number {
    const refs = this.#howRefs(rows, row)
    const type = rows.type[row] as number
    const fieldMask = rows.fieldMask[row] as number
    const shape = (refs << 16) | (fieldMask << 8) | type
    const place = this.#shapePlaces.get(shape)
    writer.varint(place ?? this.#shapePlaces.size)
    if (place !== undefined) return refs
    this.#shapePlaces.set(shape, this.#shapePlaces.size)
    writer.byte(type)
    writer.byte(fieldMask)
    writer.uint(refs, 2)
    return refs
  }

  #howRefs(rows: Rows, row: number): number {
    let refs = 0
    for (let kind = 0, rest = rows.refMask[row] as number; rest !== 0; kind++, rest >>= 1) {
      if ((rest & 1) === 0) continue
      const ref = rows.refs[row * REF_COUNT + kind] as number
      const places = this.#refPlaces[kind] as Map<number, number>
      const how = places.size > 0 && ref === this.#lastRefs[kind] ? SAME : places.has(ref) ? KNOWN : NEW
      refs |= how << (2 * kind)
    }
    return refs
  }

  #writeRefs(writer: ByteWriter, rows: Rows, row: number, refs: number): void {
    for (let kind = 0, rest = refs; rest !== 0; kind++, rest >>= 2) {
      const how = rest & 3
      if (how === ABSENT || how === SAME) continue
      const ref = rows.refs[row * REF_COUNT + kind] as number
      const places = this.#refPlaces[kind] as Map<number, number>
      if (how === KNOWN) writer.varint(places.size - 1 - (places.get(ref) as number))
      else {
        places.set(ref, places.size)
        writer.uint(ref, 4)
      }
      this.#lastRefs[kind] = ref
    }
  }

  /** Adds a row for each event. Throws RangeError on bytes that write would not have written. */
  read(reader: ByteReader, rows: Rows): void {
    this.#refCounts.fill(0)
    this.#lastRefs.fill(0)
    let shapes = 0
    let atMs = 0
    const wantedFields = rows.wantedFields
    for (let left = reader.varint(); left > 0; left--) {
      const place = reader.varint()
      if (place >= shapes) this.#readShape(reader, place, shapes++)
      const shape = this.#shapes[place] as number
      const row = rows.add()
      atMs += reader.varint()
      rows.atMs[row] = atMs
      rows.type[row] = shape & 255
      rows.idHigh[row] = reader.uint32()
      rows.idLow[row] = reader.uint16()
      const refMask = this.#refMasks[place] as number
      rows.refMask[row] = refMask
      if (this.#changesRefs[place] === 1) this.#readRefs(reader, shape >>> 16)
      if ((refMask & rows.wantedRefs) !== 0) this.#copyRefs(rows, row)
      const fieldMask = (shape >> 8) & 255
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

  #readShape(reader: ByteReader, place: number, shapes: number): void {
    if (place > shapes || shapes === MOST_SHAPES) throw new RangeError(`shape ${place} is not defined`)
    const typeAndFields = reader.byte() | (reader.byte() << 8)
    const refs = reader.uint16()
    this.#shapes[place] = typeAndFields | (refs << 16)
    let mask = 0
    for (let kind = 0, rest = refs; rest !== 0; kind++, rest >>= 2) if ((rest & 3) !== ABSENT) mask |= 1 << kind
    if (mask >> REF_COUNT !== 0) throw new RangeError('a profile names an unknown kind of entity')
    this.#refMasks[place] = mask
    // Either bit pattern above SAME has its upper bit set.
    this.#changesRefs[place] = (refs & 0xaaaa) === 0 ? 0 : 1
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
