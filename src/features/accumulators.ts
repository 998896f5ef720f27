import type { Cells } from './cells.ts'
import type { Aggregation } from './definition.ts'
import { FIELD_COUNT, type Rows } from './rows.ts'
import type { Column, ColumnState } from './tile-layout.ts'
import { distinctValueOf } from './tiles.ts'

/**
 * The state of one column over a growing window: rows and cells are added newest first, and a value can be taken after
 * each window. State is integers only, so the order of events never changes a bit. One of each kind serves all columns.
 */
export interface Accumulator {
  readonly start: (column: Column) => void
  /** Adds the rows at places from (inclusive) to (exclusive). */
  readonly addRows: (rows: Rows, picked: Int32Array, from: number, to: number) => void
  readonly addCell: (cells: Cells, cell: number) => void
  /** NaN when nothing was added. */
  readonly value: (of: Aggregation['of'], nowMs: number) => number
}

export class CountAccumulator implements Accumulator {
  #total = 0

  start(): void {
    this.#total = 0
  }

  addRows(_rows: Rows, _picked: Int32Array, from: number, to: number): void {
    this.#total += to - from
  }

  addCell(cells: Cells, cell: number): void {
    this.#total += cells.a[cell] as number
  }

  value(): number {
    return this.#total === 0 ? Number.NaN : this.#total
  }
}

export class SumAccumulator implements Accumulator {
  #slot = 0
  #total = 0
  #sum = 0

  start({ slot }: Column): void {
    this.#slot = slot
    this.#total = 0
    this.#sum = 0
  }

  addRows({ fields, fieldMask }: Rows, picked: Int32Array, from: number, to: number): void {
    const bit = 1 << this.#slot
    for (let place = from; place < to; place++) {
      const row = picked[place] as number
      if (((fieldMask[row] as number) & bit) === 0) continue
      this.#total++
      this.#sum += fields[row * FIELD_COUNT + this.#slot] as number
    }
  }

  addCell({ a, b }: Cells, cell: number): void {
    this.#total += a[cell] as number
    this.#sum += b[cell] as number
  }

  value(of: Aggregation['of']): number {
    if (this.#total === 0) return Number.NaN
    return of === 'sum' ? this.#sum : this.#sum / this.#total
  }
}

export class SquaresAccumulator implements Accumulator {
  #slot = 0
  #total = 0
  #sum = 0
  #squares = 0n

  start({ slot }: Column): void {
    this.#slot = slot
    this.#total = 0
    this.#sum = 0
    this.#squares = 0n
  }

  addRows({ fields, fieldMask }: Rows, picked: Int32Array, from: number, to: number): void {
    const bit = 1 << this.#slot
    let safe = 0
    for (let place = from; place < to; place++) {
      const row = picked[place] as number
      if (((fieldMask[row] as number) & bit) === 0) continue
      const value = fields[row * FIELD_COUNT + this.#slot] as number
      this.#total++
      this.#sum += value
      const square = value * value
      // Squares are added up as doubles while they are exact: BigInt costs fifty times as much.
      if (safe + square <= Number.MAX_SAFE_INTEGER) safe += square
      else this.#squares += BigInt(value) * BigInt(value)
    }
    this.#squares += BigInt(safe)
  }

  addCell({ a, b, squares }: Cells, cell: number): void {
    this.#total += a[cell] as number
    this.#sum += b[cell] as number
    this.#squares += squares[cell] as bigint
  }

  value(): number {
    if (this.#total === 0) return Number.NaN
    const spread = BigInt(this.#total) * this.#squares - BigInt(this.#sum) * BigInt(this.#sum)
    return Math.sqrt(Number(spread)) / this.#total
  }
}

export class ExtremeAccumulator implements Accumulator {
  readonly #sign: 1 | -1
  #slot = 0
  #most = Number.NEGATIVE_INFINITY

  /** 1 for the largest, −1 for the smallest. */
  constructor(sign: 1 | -1) {
    this.#sign = sign
  }

  start({ slot }: Column): void {
    this.#slot = slot
    this.#most = Number.NEGATIVE_INFINITY
  }

  addRows({ fields, fieldMask }: Rows, picked: Int32Array, from: number, to: number): void {
    const bit = 1 << this.#slot
    for (let place = from; place < to; place++) {
      const row = picked[place] as number
      if (((fieldMask[row] as number) & bit) !== 0) this.#add(fields[row * FIELD_COUNT + this.#slot] as number)
    }
  }

  addCell({ a }: Cells, cell: number): void {
    this.#add(a[cell] as number)
  }

  #add(value: number): void {
    if (value * this.#sign > this.#most) this.#most = value * this.#sign
  }

  value(): number {
    // Adding zero keeps −0 out: the negative of a largest 0.
    return this.#most === Number.NEGATIVE_INFINITY ? Number.NaN : this.#most * this.#sign + 0
  }
}

/** The oldest or newest event, of those that have a value where the column has a field. */
export class EdgeAccumulator implements Accumulator {
  readonly #oldest: boolean
  #slot = -1
  #atMs = Number.NaN
  #value = 0

  constructor(edge: 'first' | 'last') {
    this.#oldest = edge === 'first'
  }

  start({ slot }: Column): void {
    this.#slot = slot
    this.#atMs = Number.NaN
  }

  addRows(rows: Rows, picked: Int32Array, from: number, to: number): void {
    if (!this.#oldest && this.isFound) return
    const step = this.#oldest ? -1 : 1
    for (let left = to - from, place = this.#oldest ? to - 1 : from; left > 0; left--, place += step) {
      const row = picked[place] as number
      const value = this.#slot < 0 ? 0 : rows.field(this.#slot, row)
      if (Number.isNaN(value)) continue
      this.#atMs = rows.atMs[row] as number
      this.#value = value
      return
    }
  }

  addCell({ a, b }: Cells, cell: number): void {
    if (!this.#oldest && this.isFound) return
    this.#atMs = a[cell] as number
    this.#value = b[cell] as number
  }

  get isFound(): boolean {
    return !Number.isNaN(this.#atMs)
  }

  value(of: Aggregation['of'], nowMs: number): number {
    if (!this.isFound) return Number.NaN
    return of === 'ageOfFirst' || of === 'ageOfLast' ? Math.max(0, nowMs - this.#atMs) : this.#value
  }
}

export class ShareAccumulator implements Accumulator {
  #column: Column | undefined
  #total = 0
  #hits = 0

  start(column: Column): void {
    this.#column = column
    this.#total = 0
    this.#hits = 0
  }

  addRows(rows: Rows, picked: Int32Array, from: number, to: number): void {
    const when = this.#column?.when
    if (when === undefined) return
    for (let place = from; place < to; place++) {
      const hit = when(rows, picked[place] as number)
      if (Number.isNaN(hit)) continue
      this.#total++
      this.#hits += hit
    }
  }

  addCell({ a, b }: Cells, cell: number): void {
    this.#total += a[cell] as number
    this.#hits += b[cell] as number
  }

  value(): number {
    return this.#total === 0 ? Number.NaN : this.#hits / this.#total
  }
}

/** Different values, in an open-addressing table that a new generation empties. */
export class DistinctAccumulator implements Accumulator {
  #column: Column | undefined
  #count = 0
  #generation: number
  readonly #values = new Float64Array(TABLE_SLOTS)
  readonly #generations = new Uint32Array(TABLE_SLOTS)

  /** How many generations there were already. */
  constructor(generation = 0) {
    this.#generation = generation
  }

  start(column: Column): void {
    this.#column = column
    this.#count = 0
    this.#generation = (this.#generation + 1) % GENERATIONS
    if (this.#generation > 0) return
    // A busy process comes here within days: what is left of the first generations must not count as this one’s.
    this.#generations.fill(0)
    this.#generation = 1
  }

  addRows(rows: Rows, picked: Int32Array, from: number, to: number): void {
    for (let place = from; place < to; place++) {
      const value = distinctValueOf(this.#column as Column, rows, picked[place] as number)
      if (!Number.isNaN(value)) this.add(value)
    }
  }

  addCell(): void {}

  add(value: number): void {
    let slot = Math.imul(value, 0x9e3779b1) >>> TABLE_SHIFT
    while (this.#generations[slot] === this.#generation) {
      if (this.#values[slot] === value) return
      slot = (slot + 1) % TABLE_SLOTS
    }
    this.#generations[slot] = this.#generation
    this.#values[slot] = value
    this.#count++
  }

  value(): number {
    return this.#count === 0 ? Number.NaN : this.#count
  }
}

/** More than twice what a history can hold: MAX_RETAINED whole events and MAX_DISTINCT older values. */
const TABLE_SLOTS = 2048
const TABLE_SHIFT = 21
/** As many as 32 bits tell apart; 0 is a slot that was never used. */
const GENERATIONS = 2 ** 32

export function createAccumulators() {
  return {
    count: new CountAccumulator(),
    sum: new SumAccumulator(),
    squares: new SquaresAccumulator(),
    min: new ExtremeAccumulator(-1),
    max: new ExtremeAccumulator(1),
    first: new EdgeAccumulator('first'),
    last: new EdgeAccumulator('last'),
    share: new ShareAccumulator(),
    distinct: new DistinctAccumulator()
  } satisfies Record<ColumnState, Accumulator>
}
