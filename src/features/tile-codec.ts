import type { ByteReader, ByteWriter } from './bytes.ts'
import type { Cells } from './cells.ts'
import type { DistinctValues } from './distinct-values.ts'
import type { ColumnState } from './tile-layout.ts'
import type { Tiles } from './tiles.ts'

/** Times count back from the horizon, the newest time in here, so that they are short. */
export function writeTiles(writer: ByteWriter, tiles: Tiles, horizonMs: number): void {
  writer.uint(tiles.layout.id, 6)
  writer.varint(tiles.newestAtMs.reduce((known, atMs) => (atMs < 0 ? known : known + 1), 0))
  tiles.newestAtMs.forEach((atMs, code) => {
    if (atMs < 0) return
    writer.byte(code)
    writer.varint(horizonMs - atMs)
  })
  writeFloor(writer, tiles.lostMs, horizonMs)
  writeFloor(writer, tiles.cutMs, horizonMs)
  for (const { index, ofRefs } of tiles.layout.columns) {
    const values = tiles.distinct[index]
    if (values) writeDistinct(writer, values, ofRefs, horizonMs)
    else writeCells(writer, tiles.cells[index] as Cells, horizonMs)
  }
}

/** Reads what writeTiles wrote. False: these are tiles of another layout; nothing of them is known but the newest times. */
export function readTiles(reader: ByteReader, tiles: Tiles, horizonMs: number): boolean {
  const id = reader.uint16() * 4294967296 + reader.uint32()
  for (let left = reader.varint(); left > 0; left--) {
    const code = reader.byte()
    tiles.newestAtMs[code] = horizonMs - reader.varint()
    reader.check()
  }
  if (id !== tiles.layout.id) return false
  tiles.lostMs = readFloor(reader, horizonMs)
  tiles.cutMs = readFloor(reader, horizonMs)
  for (const { index, ofRefs } of tiles.layout.columns) {
    const values = tiles.distinct[index]
    if (values) readDistinct(reader, values, ofRefs, horizonMs)
    else readCells(reader, tiles.cells[index] as Cells, horizonMs)
    reader.check()
  }
  return true
}

/** −1 as 0. A cut may end a little after the horizon, in the middle of its tile. */
function writeFloor(writer: ByteWriter, floorMs: number, horizonMs: number): void {
  writer.varint(floorMs < 0 ? 0 : Math.max(0, horizonMs - floorMs) + 1)
}

function readFloor(reader: ByteReader, horizonMs: number): number {
  const distanceMs = reader.varint()
  return distanceMs === 0 ? -1 : horizonMs - distanceMs + 1
}

function writeDistinct(writer: ByteWriter, values: DistinctValues, ofRefs: boolean, horizonMs: number): void {
  const { size, floorMs, value, atMs } = values
  writer.varint(size)
  writeFloor(writer, floorMs, horizonMs)
  let laterMs = horizonMs
  for (let place = 0; place < size; place++) {
    writer.varint(laterMs - (atMs[place] as number))
    if (ofRefs) writer.uint(value[place] as number, 4)
    else writer.zigzag(value[place] as number)
    laterMs = atMs[place] as number
  }
}

function readDistinct(reader: ByteReader, values: DistinctValues, ofRefs: boolean, horizonMs: number): void {
  const size = reader.varint()
  if (size > values.value.length) throw new RangeError('a profile has more distinct values than it may')
  values.floorMs = readFloor(reader, horizonMs)
  let laterMs = horizonMs
  for (let place = 0; place < size; place++) {
    laterMs -= reader.varint()
    values.atMs[place] = laterMs
    values.value[place] = ofRefs ? reader.uint32() : reader.zigzag()
  }
  values.size = size
}

/** The number of cells, and if there are any, per level their number and each, newest first: tiles since the one before. */
function writeCells(writer: ByteWriter, cells: Cells, horizonMs: number): void {
  writer.varint(cells.size)
  if (cells.size === 0) return
  let cell = cells.size - 1
  for (let level = 0; level < cells.restLevel; level++) {
    const widthMs = cells.column.gridsMs[level] as number
    const newest = cell
    while (cell >= 0 && cells.level[cell] === level) cell--
    writer.varint(newest - cell)
    let tile = Math.floor(horizonMs / widthMs) + 1
    for (let at = newest; at > cell; at--) {
      const startMs = cells.startMs[at] as number
      writer.varint(tile - 1 - startMs / widthMs)
      tile = startMs / widthMs
      writeState(writer, cells, at, startMs)
    }
  }
  if (cell >= 0) writeState(writer, cells, cell, Number.NEGATIVE_INFINITY, horizonMs)
}

function readCells(reader: ByteReader, cells: Cells, horizonMs: number): void {
  let left = reader.varint()
  cells.reserve(left)
  cells.size = left
  const { startMs, level: levels, a, b } = cells
  // Numbers alone are what nearly all cells hold (load-tests/bench/fold.ts).
  const { state } = cells.column
  const isNumber = state === 'count' || state === 'sum' || state === 'share'
  const second = hasSecond(state)
  for (let level = 0; level < cells.restLevel && cells.size > 0; level++) {
    const widthMs = cells.column.gridsMs[level] as number
    let tile = Math.floor(horizonMs / widthMs) + 1
    for (let ofLevel = reader.varint(); ofLevel > 0 && left > 0; ofLevel--) {
      tile -= 1 + reader.varint()
      left--
      startMs[left] = tile * widthMs
      levels[left] = level
      if (isNumber) {
        a[left] = reader.varint()
        b[left] = second ? reader.zigzag() : 0
      } else readState(reader, cells, left, tile * widthMs)
    }
  }
  if (left > 1) throw new RangeError('a profile has cells without a level')
  if (left === 0) return
  cells.startMs[0] = Number.NEGATIVE_INFINITY
  cells.level[0] = cells.restLevel
  readState(reader, cells, 0, Number.NEGATIVE_INFINITY, horizonMs)
}

/** Times within a tile count from its start, in the rest back from the horizon. */
function writeState(writer: ByteWriter, cells: Cells, cell: number, startMs: number, horizonMs = 0): void {
  const { state, slot } = cells.column
  const [a, b] = [cells.a[cell] as number, cells.b[cell] as number]
  switch (state) {
    case 'first':
    case 'last':
      writer.varint(startMs === Number.NEGATIVE_INFINITY ? horizonMs - a : a - startMs)
      if (slot >= 0) writer.zigzag(b)
      return
    case 'min':
    case 'max':
      writer.zigzag(a)
      return
    default:
      writer.varint(a)
      if (hasSecond(state)) writer.zigzag(b)
      if (state === 'squares') writer.bigVarint(cells.squares[cell] as bigint)
  }
}

function readState(reader: ByteReader, cells: Cells, cell: number, startMs: number, horizonMs = 0): void {
  const { state, slot } = cells.column
  cells.b[cell] = 0
  switch (state) {
    case 'first':
    case 'last': {
      const distanceMs = reader.varint()
      cells.a[cell] = startMs === Number.NEGATIVE_INFINITY ? horizonMs - distanceMs : startMs + distanceMs
      if (slot >= 0) cells.b[cell] = reader.zigzag()
      return
    }
    case 'min':
    case 'max':
      cells.a[cell] = reader.zigzag()
      return
    default:
      cells.a[cell] = reader.varint()
      if (hasSecond(state)) cells.b[cell] = reader.zigzag()
      if (state === 'squares') cells.squares[cell] = reader.bigVarint()
  }
}

function hasSecond(state: ColumnState): boolean {
  return state === 'sum' || state === 'squares' || state === 'share'
}
