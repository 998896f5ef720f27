import { MAX_AHEAD_MS } from '../domain/event-time.ts'
import { Cells } from './cells.ts'
import { DistinctValues } from './distinct-values.ts'
import { REF_COUNT, type Rows } from './rows.ts'
import type { Column, TileLayout } from './tile-layout.ts'

/** Smaller than this a set of distinct values is not worth keeping when bytes are short. */
const FEWEST_DISTINCT = 16

/**
 * What an entity remembers of events that are no longer kept whole: the state of every column of its layout. A function of
 * the set of these events and of the newest event of the entity, however they were cut into folds in order of time.
 */
export class Tiles {
  readonly layout: TileLayout
  /** Events at or before this time may be missing from every column (−1: none). */
  lostMs = -1
  /** Events at or before this time may be missing from the tiles of windows, not from the whole life (−1: none). */
  cutMs = -1
  /** The newest event time less the clock difference that is allowed: windows of decisions end no earlier. */
  reachMs = Number.NEGATIVE_INFINITY
  /** By type code, the newest event that is no longer whole; −1: none. */
  readonly newestAtMs = new Float64Array(256).fill(-1)
  readonly cells: readonly (Cells | null)[]
  readonly distinct: readonly (DistinctValues | null)[]
  #isEmpty = true

  constructor(layout: TileLayout) {
    this.layout = layout
    this.cells = layout.columns.map((column) => (column.state === 'distinct' ? null : new Cells(column)))
    this.distinct = layout.columns.map((column) => (column.state === 'distinct' ? new DistinctValues() : null))
  }

  clear(): void {
    if (this.#isEmpty) return
    this.#isEmpty = true
    this.lostMs = -1
    this.cutMs = -1
    this.newestAtMs.fill(-1)
    for (const cells of this.cells) if (cells !== null) cells.size = 0
    for (const values of this.distinct) values?.clear()
  }

  /** Must be called before anything is put in. */
  use(): void {
    this.#isEmpty = false
  }

  /** Takes a ref out of the sets of distinct ones; in how many it was. */
  forget(kind: number, hash: number): number {
    let gone = 0
    for (const { index, ofRefs, slot } of this.layout.columns)
      if (ofRefs && slot === kind && this.distinct[index]?.remove(hash) === true) gone++
    return gone
  }

  /** Brings the tiles to the widths that belong to the newest event of the entity. */
  age(newestMs: number): void {
    this.reachMs = newestMs - MAX_AHEAD_MS
    for (const column of this.layout.columns) {
      this.cells[column.index]?.age(this.reachMs)
      if (!column.lifetime) this.distinct[column.index]?.expire(this.forgottenMs(column))
    }
  }

  /** Of a column that no feature reads for the whole life, what is this old is forgotten. */
  forgottenMs({ windowsMs }: Column): number {
    return this.reachMs - (windowsMs.at(-1) ?? 0)
  }

  /** Adds an event that is no longer kept whole; none in here is newer. */
  absorb(rows: Rows, row: number): void {
    const type = rows.type[row] as number
    this.newestAtMs[type] = Math.max(this.newestAtMs[type] as number, rows.atMs[row] as number)
    for (const { wanted, where, columns } of this.layout.selections) {
      if (wanted[type] !== 1 || (where !== undefined && where(rows, row) !== 1)) continue
      for (const column of columns) {
        const values = this.distinct[column.index]
        if (values) this.#absorbValue(values, column, rows, row)
        else this.cells[column.index]?.absorb(rows, row, this.reachMs)
      }
    }
  }

  #absorbValue(values: DistinctValues, column: Column, rows: Rows, row: number): void {
    const value = distinctValueOf(column, rows, row)
    const atMs = rows.atMs[row] as number
    if (Number.isNaN(value) || (!column.lifetime && atMs <= this.forgottenMs(column))) return
    values.add(value, atMs)
  }

  /**
   * Gives something up for the sake of size: first the larger half of the largest sets of distinct values, then the tiles
   * of the longest window that has any. False: there is nothing but the whole life left. Features notice by the floors.
   */
  shed(): boolean {
    let largest = 0
    for (const values of this.distinct) if (values !== null && values.size > largest) largest = values.size
    if (largest > 0) {
      const most = largest > FEWEST_DISTINCT ? largest >> 1 : 0
      for (const values of this.distinct) values?.trim(most)
      return true
    }
    const { windowsMs } = this.layout
    for (let window = windowsMs.length - 1; window >= 0; window--) {
      const untilMs = window > 0 ? this.reachMs - (windowsMs[window - 1] as number) : Number.POSITIVE_INFINITY
      let newestEndMs = -1
      for (const cells of this.cells) if (cells !== null) newestEndMs = Math.max(newestEndMs, cells.cut(untilMs))
      if (newestEndMs < 0) continue
      this.cutMs = Math.max(this.cutMs, newestEndMs - 1)
      return true
    }
    return false
  }
}

/** What a column of distinct values counts of a row; NaN: nothing. */
export function distinctValueOf({ slot, ofRefs }: Column, rows: Rows, row: number): number {
  if (!ofRefs) return rows.field(slot, row)
  const has = ((rows.refMask[row] as number) & (1 << slot)) !== 0
  return has ? (rows.refs[row * REF_COUNT + slot] as number) : Number.NaN
}
