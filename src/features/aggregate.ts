import { type Accumulator, createAccumulators } from './accumulators.ts'
import type { Cells } from './cells.ts'
import type { DistinctValues } from './distinct-values.ts'
import { type History, MAX_RETAINED } from './history.ts'
import { type Column, type ColumnWindow, type Selection, TILES_A_WINDOW, type TileLayout } from './tile-layout.ts'

/** Features by their place in the catalogue, and how good each is. */
export interface Readings {
  readonly values: Float64Array
  /** 1: the value over the raw events, to the bit. Ones to begin with. */
  readonly exact: Uint8Array
  /** How old the newest event is that the feature could see; NaN: none. */
  readonly newestAgeMs: Float64Array
}

/** Exact; over a window at most 1/64 longer; or with something missing that no bound holds for. */
const EXACT = 0
const BOUNDED = 1
const MISSING = 2
type Quality = typeof EXACT | typeof BOUNDED | typeof MISSING

/** A selection with what its columns add up in. */
interface Selected {
  readonly selection: Selection
  readonly typeBits: number
  readonly columns: readonly { readonly column: Column; readonly accumulator: Accumulator }[]
}

const WHOLE_LIFE = Number.POSITIVE_INFINITY

/**
 * Reads all features of one kind of entity from a folded history as of a time. A window is (now − window, ∞): there is no
 * upper edge, because an acknowledged event counts even when its producer’s clock is a little ahead of ours.
 *
 * The rows of a selection are picked once, newest first; each of its columns is then one pass, and a value is taken where a
 * window begins. Beyond the whole events the pass goes on over tiles: every tile that ends within the window counts, so
 * the value is that of a window between w and w·(1 + 1/64).
 */
export class FeatureReader {
  readonly #layout: TileLayout
  readonly #selections: readonly Selected[]
  readonly #accumulators = createAccumulators()
  readonly #picked = new Int32Array(MAX_RETAINED)
  readonly #ends: Int32Array
  /** The next older cell, or place among distinct values, of the column that is being read. */
  #older = 0

  constructor(layout: TileLayout) {
    this.#layout = layout
    this.#selections = layout.selections.map((selection) => ({
      selection,
      typeBits: selection.typeBits,
      columns: selection.columns.map((column) => ({ column, accumulator: this.#accumulators[column.state] }))
    }))
    this.#ends = new Int32Array(Math.max(0, ...layout.selections.map(({ windowsMs }) => windowsMs.length)))
  }

  /**
   * Writes what the history says; features of which it has no event keep what `into` holds, their value when there is
   * none. False: some feature is worse than the bound.
   */
  read(history: History, nowMs: number, into: Readings): boolean {
    this.#readAges(history, nowMs, into.newestAgeMs)
    let isSound = true
    const present = history.horizonMs < 0 ? history.typeBits : -1
    for (const { selection, typeBits, columns } of this.#selections) {
      if ((present & typeBits) === 0) continue
      this.#pick(selection, history, nowMs)
      for (const { column, accumulator } of columns)
        if (history.horizonMs < 0 && column.state === 'count') this.#readCounts(column, into.values)
        else isSound = this.#readColumn(column, accumulator, history, nowMs, into) && isSound
    }
    return isSound
  }

  #readAges(history: History, nowMs: number, newestAgeMs: Float64Array): void {
    const { rows, newestOfType, horizonMs, tiles } = history
    const present = horizonMs < 0 ? history.typeBits : -1
    for (const { codes, typeBits, features } of this.#layout.sources) {
      if ((present & typeBits) === 0) continue
      let newestMs = -1
      for (const code of codes) {
        const row = newestOfType[code] as number
        if (row >= 0) newestMs = Math.max(newestMs, rows.atMs[row] as number)
        else if (horizonMs >= 0) newestMs = Math.max(newestMs, tiles.newestAtMs[code] as number)
      }
      if (newestMs < 0) continue
      const ageMs = Math.max(0, nowMs - newestMs)
      for (const feature of features) newestAgeMs[feature] = ageMs
    }
  }

  /** Picks the rows of a selection, newest first, and notes for each window how many are in it. */
  #pick({ codes, wanted, where, windowsMs }: Selection, history: History, nowMs: number): void {
    const { rows, order, newestOfType, olderOfType } = history
    const single = codes.length === 1
    let rank = history.size - 1
    let row = single ? (newestOfType[codes[0] as number] as number) : rank < 0 ? -1 : (order[rank] as number)
    let count = 0
    let window = 0
    while (row >= 0) {
      const ageMs = nowMs - (rows.atMs[row] as number)
      while (window < windowsMs.length && ageMs >= (windowsMs[window] as number)) this.#ends[window++] = count
      if (window === windowsMs.length) return
      const isWanted = single || wanted[rows.type[row] as number] === 1
      if (isWanted && (where === undefined || where(rows, row) === 1)) this.#picked[count++] = row
      row = single ? (olderOfType[row] as number) : --rank < 0 ? -1 : (order[rank] as number)
    }
    while (window < windowsMs.length) this.#ends[window++] = count
  }

  /** How many were picked is the count, where all events are whole: the most frequent column by far. */
  #readCounts({ reads }: Column, values: Float64Array): void {
    for (const { window, outputs } of reads) {
      const count = this.#ends[window] as number
      if (count > 0) for (const { feature } of outputs) values[feature] = count
    }
  }

  #readColumn(column: Column, accumulator: Accumulator, history: History, nowMs: number, into: Readings): boolean {
    accumulator.start(column)
    this.#older = column.state === 'distinct' ? 0 : (history.tiles.cells[column.index] as Cells).size - 1
    let isSound = true
    let from = 0
    for (const read of column.reads) {
      const to = this.#ends[read.window] as number
      accumulator.addRows(history.rows, this.#picked, from, to)
      from = to
      const reachesBack = nowMs - read.windowMs < history.horizonMs
      const quality = reachesBack ? this.#readOlder(column, read, history, nowMs) : EXACT
      if (quality === MISSING) isSound = false
      for (const { feature, of, whenNone, scale } of read.outputs) {
        const value = accumulator.value(of, nowMs)
        into.values[feature] = Number.isNaN(value) ? whenNone : value / scale
        if (quality !== EXACT) into.exact[feature] = 0
      }
    }
    return isSound
  }

  #readOlder(column: Column, { windowMs }: ColumnWindow, history: History, nowMs: number): Quality {
    const { tiles, isForeign } = history
    const startMs = nowMs - windowMs
    if (column.state === 'last') return this.#readLast(column, startMs, history)
    if (isForeign) return MISSING
    let quality: Quality = EXACT
    if (column.state === 'distinct') {
      const values = tiles.distinct[column.index] as DistinctValues
      this.#addDistinct(values, startMs)
      if (reaches(startMs, values.floorMs)) quality = MISSING
    } else {
      quality = this.#addCells(tiles.cells[column.index] as Cells, startMs, windowMs)
      if (windowMs !== WHOLE_LIFE && reaches(startMs, tiles.cutMs)) quality = MISSING
    }
    if (windowMs !== WHOLE_LIFE && startMs < tiles.forgottenMs(column)) quality = MISSING
    return reaches(startMs, tiles.lostMs) ? MISSING : quality
  }

  #addDistinct({ size, value, atMs }: DistinctValues, startMs: number): void {
    for (; this.#older < size && (atMs[this.#older] as number) > startMs; this.#older++)
      this.#accumulators.distinct.add(value[this.#older] as number)
  }

  #addCells(cells: Cells, startMs: number, windowMs: number): Quality {
    const accumulator = this.#accumulators[cells.column.state]
    const isWholeLife = windowMs === WHOLE_LIFE
    while (this.#older >= 0 && (isWholeLife || cells.endMs(this.#older) > startMs))
      accumulator.addCell(cells, this.#older--)
    const oldest = this.#older + 1
    if (isWholeLife || oldest === cells.size) return EXACT
    const beforeMs = startMs + 1 - (cells.startMs[oldest] as number)
    if (beforeMs <= 0) return EXACT
    return beforeMs <= windowMs / TILES_A_WINDOW ? BOUNDED : MISSING
  }

  /** The newest event is exact wherever it was found, unless a newer one may be missing. */
  #readLast(column: Column, startMs: number, { tiles, isForeign }: History): Quality {
    const edge = this.#accumulators.last
    if (edge.isFound) return EXACT
    if (isForeign) return MISSING
    const cells = tiles.cells[column.index] as Cells
    const atMs = cells.size > 0 ? (cells.a[0] as number) : -1
    if (atMs > startMs && atMs >= 0) edge.addCell(cells, 0)
    return reaches(startMs, tiles.lostMs) && atMs <= tiles.lostMs ? MISSING : EXACT
  }
}

/** Whether a window reaches back behind a floor; −1 is none. */
function reaches(startMs: number, floorMs: number): boolean {
  return floorMs >= 0 && startMs < floorMs
}
