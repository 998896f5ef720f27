import { ENTITY_KINDS, FIELDS } from '../domain/event.ts'

const FIRST_CAPACITY = 512
export const FIELD_COUNT = FIELDS.length
export const REF_COUNT = ENTITY_KINDS.length

/**
 * Events in columns, a row each, filled and filled again without allocating. A row’s masks say which fields and refs it
 * has; where the bit is not set the column holds whatever an earlier fold left there.
 */
export class Rows {
  /** Fields and refs that somebody reads, as masks; others need not be unpacked. */
  readonly wantedFields: number
  readonly wantedRefs: number
  count = 0
  type = new Uint8Array(FIRST_CAPACITY)
  atMs = new Float64Array(FIRST_CAPACITY)
  /** 48 bits of the hash of the event id. */
  idHigh = new Uint32Array(FIRST_CAPACITY)
  idLow = new Uint16Array(FIRST_CAPACITY)
  /** Bit n: the row has field n of FIELDS. */
  fieldMask = new Uint8Array(FIRST_CAPACITY)
  /** Bit n: the row names an entity of kind n of ENTITY_KINDS. */
  refMask = new Uint8Array(FIRST_CAPACITY)
  /** The fields of row n are at n · FIELD_COUNT, the hashes of its refs at n · REF_COUNT. */
  fields = new Float64Array(FIRST_CAPACITY * FIELD_COUNT)
  refs = new Uint32Array(FIRST_CAPACITY * REF_COUNT)

  constructor(wantedFields = 0xff, wantedRefs = 0xff) {
    this.wantedFields = wantedFields
    this.wantedRefs = wantedRefs
  }

  /** A new row with everything still to be set. */
  add(): number {
    if (this.count === this.atMs.length) this.#grow()
    return this.count++
  }

  /** A field of a row, NaN where it has none. */
  field(field: number, row: number): number {
    return ((this.fieldMask[row] as number) & (1 << field)) === 0
      ? Number.NaN
      : (this.fields[row * FIELD_COUNT + field] as number)
  }

  /** Whether a row names the entity of a kind that has this hash. */
  names(row: number, kind: number, hash: number): boolean {
    return ((this.refMask[row] as number) & (1 << kind)) !== 0 && this.refs[row * REF_COUNT + kind] === hash
  }

  hasId(row: number, idHigh: number, idLow: number): boolean {
    return this.idLow[row] === idLow && this.idHigh[row] === idHigh
  }

  /** The order of a history: by time, then by id hash. */
  isAfter(left: number, right: number): boolean {
    const difference = (this.atMs[left] as number) - (this.atMs[right] as number)
    if (difference !== 0) return difference > 0
    if (this.idHigh[left] !== this.idHigh[right]) return (this.idHigh[left] as number) > (this.idHigh[right] as number)
    return (this.idLow[left] as number) > (this.idLow[right] as number)
  }

  #grow(): void {
    this.type = grown(this.type)
    this.atMs = grown(this.atMs)
    this.idHigh = grown(this.idHigh)
    this.idLow = grown(this.idLow)
    this.fieldMask = grown(this.fieldMask)
    this.refMask = grown(this.refMask)
    this.fields = grown(this.fields)
    this.refs = grown(this.refs)
  }
}

type Column = Float64Array | Uint32Array | Uint16Array | Int32Array | Uint8Array

/** The same column with twice the room. */
export function grown<C extends Column>(column: C): C {
  const larger = new (column.constructor as new (length: number) => C)(column.length * 2)
  larger.set(column)
  return larger
}
