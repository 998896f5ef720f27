import { ENTITY_KINDS, FIELDS } from '../domain/event.ts'

const FIRST_CAPACITY = 512

/**
 * Events in columns, a row each, filled and filled again without allocating. A row’s masks say which fields and refs it
 * has; where the bit is not set the column holds whatever an earlier fold left there.
 */
export class Rows {
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
  readonly fields: Float64Array[] = FIELDS.map(() => new Float64Array(FIRST_CAPACITY))
  /** Hashes of tokens. */
  readonly refs: Uint32Array[] = ENTITY_KINDS.map(() => new Uint32Array(FIRST_CAPACITY))

  /** A new row with everything still to be set. */
  add(): number {
    if (this.count === this.atMs.length) this.#grow()
    return this.count++
  }

  /** A field of a row, NaN where it has none. */
  field(field: number, row: number): number {
    return ((this.fieldMask[row] as number) & (1 << field)) === 0
      ? Number.NaN
      : ((this.fields[field] as Float64Array)[row] as number)
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
    for (let field = 0; field < this.fields.length; field++)
      this.fields[field] = grown(this.fields[field] as Float64Array)
    for (let kind = 0; kind < this.refs.length; kind++) this.refs[kind] = grown(this.refs[kind] as Uint32Array)
  }
}

type Column = Float64Array | Uint32Array | Uint16Array | Int32Array | Uint8Array

/** The same column with twice the room. */
export function grown<C extends Column>(column: C): C {
  const larger = new (column.constructor as new (length: number) => C)(column.length * 2)
  larger.set(column)
  return larger
}
