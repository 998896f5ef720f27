import type { Rows } from './rows.ts'

const FIRST_SLOTS = 2048
/** As long as a fold compares fewer ids, plain searches are cheaper than a table (load-tests/bench/fold.ts). */
const PLAIN_COMPARISONS = 2048

/** Finds rows by id hash: plain searches while they are few, then an open-addressing table. */
export class IdTable {
  /** Row + 1; 0 is free. */
  #slots = new Int32Array(FIRST_SLOTS)
  #filled = 0
  #compared = 0

  clear(): void {
    if (this.#filled > 0) this.#slots.fill(0)
    this.#filled = 0
    this.#compared = 0
  }

  /** The row that has an id, or −1. Rows only ever come and keep their ids. */
  find(rows: Rows, idHigh: number, idLow: number): number {
    if (this.#filled === 0 && this.#compared + rows.count <= PLAIN_COMPARISONS) {
      this.#compared += rows.count
      for (let row = 0; row < rows.count; row++) if (rows.hasId(row, idHigh, idLow)) return row
      return -1
    }
    while (this.#filled < rows.count) this.#put(rows, this.#filled++)
    const mask = this.#slots.length - 1
    for (let slot = (idHigh ^ idLow) & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] as number) - 1
      if (row < 0 || rows.hasId(row, idHigh, idLow)) return row
    }
  }

  #put(rows: Rows, row: number): void {
    if (row * 2 >= this.#slots.length) this.#grow(rows, row)
    const mask = this.#slots.length - 1
    let slot = ((rows.idHigh[row] as number) ^ (rows.idLow[row] as number)) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = row + 1
  }

  #grow(rows: Rows, filled: number): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let row = 0; row < filled; row++) this.#put(rows, row)
  }
}
