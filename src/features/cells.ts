import type { Rows } from './rows.ts'
import { grown } from './rows.ts'
import type { Column } from './tile-layout.ts'

const FIRST_CAPACITY = 16
/** More than all bytes of a profile could hold. */
const MOST_CELLS = 16_384

/**
 * The tiles of one column, oldest first, each with two integers of state:
 *
 *   count, sum, squares  number · sum of the values (· sum of their squares)
 *   share                number · how many fulfil the condition
 *   min, max             the value
 *   first, last          event time · its value
 *
 * Level n is the tile width of window n. One level above the last is the rest: a single cell without a beginning, for what
 * left the largest window and is still part of the whole life.
 */
export class Cells {
  size = 0
  readonly column: Column
  /** The level of the rest. */
  readonly restLevel: number
  startMs = new Float64Array(FIRST_CAPACITY)
  level = new Uint8Array(FIRST_CAPACITY)
  a = new Float64Array(FIRST_CAPACITY)
  b = new Float64Array(FIRST_CAPACITY)
  squares: bigint[] = []

  constructor(column: Column) {
    this.column = column
    // The newest event is in every window that any event is in, so it needs no tiles.
    this.restLevel = column.state === 'last' ? 0 : column.gridsMs.length
  }

  /** Whether something has neither beginning nor end here. */
  get keepsRest(): boolean {
    return this.column.lifetime || this.column.state === 'last'
  }

  endMs(cell: number): number {
    const level = this.level[cell] as number
    return level === this.restLevel
      ? Number.NEGATIVE_INFINITY
      : (this.startMs[cell] as number) + (this.column.gridsMs[level] as number)
  }

  /** Adds an event; none of the column is newer. `reachMs` is what `levelOf` takes. */
  absorb(rows: Rows, row: number, reachMs: number): void {
    const { state, slot, when } = this.column
    let value = 0
    if (slot >= 0) value = rows.field(slot, row)
    else if (when !== undefined) value = when(rows, row)
    if (Number.isNaN(value)) return
    const atMs = rows.atMs[row] as number
    const level = this.#levelOf(atMs, reachMs)
    if (level === this.restLevel && !this.keepsRest) return
    const startMs = this.#startOf(atMs, level)
    if (state === 'min' || state === 'max') this.add(startMs, level, value, 0, 0n)
    else if (state === 'first' || state === 'last') this.add(startMs, level, atMs, value, 0n)
    else this.add(startMs, level, 1, value, state === 'squares' ? BigInt(value) * BigInt(value) : 0n)
  }

  /** Merges state into the newest cell or, when it begins later, puts a cell behind it. */
  add(startMs: number, level: number, a: number, b: number, squares: bigint): void {
    const last = this.size - 1
    if (last >= 0 && (this.startMs[last] as number) >= startMs) {
      this.#merge(last, a, b, squares)
      return
    }
    if (this.size === this.startMs.length) this.#grow()
    this.startMs[this.size] = startMs
    this.level[this.size] = level
    this.a[this.size] = a
    this.b[this.size] = b
    if (this.column.state === 'squares') this.squares[this.size] = squares
    this.size++
  }

  /** Makes room for cells that are set one by one. */
  reserve(size: number): void {
    if (size > MOST_CELLS) throw new RangeError('a profile has more cells than it may')
    while (this.startMs.length < size) this.#grow()
  }

  /** Moves what has left its window to the width of the next, where neighbours become one. */
  age(reachMs: number): void {
    // As a rule nothing has (load-tests/bench/fold.ts).
    if (this.#isOfAge(reachMs)) return
    this.#rewrite((cell) => {
      const level = this.level[cell] as number
      return level === this.restLevel ? level : this.#levelOf(this.startMs[cell] as number, reachMs)
    })
  }

  /** Whether every cell has its level: the oldest of each speaks for all of it, as levels rise with age. */
  #isOfAge(reachMs: number): boolean {
    let above = -1
    for (let cell = 0; cell < this.size; cell++) {
      const level = this.level[cell] as number
      if (level === above) continue
      above = level
      if (level !== this.restLevel && this.#levelOf(this.startMs[cell] as number, reachMs) !== level) return false
    }
    return true
  }

  /** Gives up tiles that end at or before a time; of the whole life they stay part. Returns the newest end, or −1. */
  cut(untilMs: number): number {
    let newestEndMs = -1
    this.#rewrite((cell) => {
      const endMs = this.endMs(cell)
      if (endMs > untilMs) return this.level[cell] as number
      newestEndMs = Math.max(newestEndMs, endMs)
      return this.restLevel
    })
    return newestEndMs
  }

  #rewrite(levelOf: (cell: number) => number): void {
    const size = this.size
    this.size = 0
    for (let cell = 0; cell < size; cell++) {
      const level = levelOf(cell)
      if (level === this.restLevel && !this.keepsRest) continue
      const startMs = this.#startOf(this.startMs[cell] as number, level)
      this.add(startMs, level, this.a[cell] as number, this.b[cell] as number, this.squares[cell] ?? 0n)
    }
  }

  /**
   * The first window that may still need the event in tiles of its own width. Everything in a tile of the next width goes
   * there together, so that tiles of two widths never overlap and a window never meets a tile wider than its own.
   */
  #levelOf(atMs: number, reachMs: number): number {
    const { windowsMs, gridsMs } = this.column
    for (let level = 0; level < this.restLevel; level++) {
      const widthMs = gridsMs[Math.min(level + 1, this.restLevel - 1)] as number
      if (Math.floor(atMs / widthMs) * widthMs + widthMs > reachMs - (windowsMs[level] as number)) return level
    }
    return this.restLevel
  }

  #startOf(atMs: number, level: number): number {
    if (level === this.restLevel) return Number.NEGATIVE_INFINITY
    const widthMs = this.column.gridsMs[level] as number
    return Math.floor(atMs / widthMs) * widthMs
  }

  #merge(cell: number, a: number, b: number, squares: bigint): void {
    const [ownA, ownB] = [this.a[cell] as number, this.b[cell] as number]
    switch (this.column.state) {
      case 'min':
        this.a[cell] = Math.min(ownA, a)
        return
      case 'max':
        this.a[cell] = Math.max(ownA, a)
        return
      case 'first':
      case 'last':
        if (this.column.state === 'first' ? a >= ownA : a < ownA) return
        this.a[cell] = a
        this.b[cell] = b
        return
      case 'squares':
        this.squares[cell] = (this.squares[cell] as bigint) + squares
        break
    }
    this.a[cell] = ownA + a
    this.b[cell] = ownB + b
  }

  #grow(): void {
    this.startMs = grown(this.startMs)
    this.level = grown(this.level)
    this.a = grown(this.a)
    this.b = grown(this.b)
  }
}
