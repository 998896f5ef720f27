import type { Rows } from './rows.ts'

/** Up to this many rows are put into place one by one; more are worth a merge sort (load-tests/bench/fold.ts). */
const FEW_ROWS = 16

/** Sorts the first `size` entries by Rows.isAfter, of which those before `ordered` are in order already. */
export function sortRanks(rows: Rows, order: Int32Array, size: number, ordered: number): void {
  if (size - ordered <= FEW_ROWS) {
    for (let next = Math.max(1, ordered); next < size; next++) insert(rows, order, next)
    return
  }
  mergeSort(rows, order, size)
}

function insert(rows: Rows, order: Int32Array, next: number): void {
  const row = order[next] as number
  let low = 0
  let high = next
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows.isAfter(order[middle] as number, row)) high = middle
    else low = middle + 1
  }
  order.copyWithin(low + 1, low, next)
  order[low] = row
}

/** Bottom-up from runs of one; a run that continues the one before is not merged. */
function mergeSort(rows: Rows, order: Int32Array, size: number): void {
  const merged = new Int32Array(size)
  for (let width = 1; width < size; width *= 2) {
    for (let start = 0; start + width < size; start += 2 * width) {
      const middle = start + width
      if (!rows.isAfter(order[middle - 1] as number, order[middle] as number)) continue
      merge(rows, order, merged, start, middle, Math.min(middle + width, size))
    }
  }
}

function merge(rows: Rows, order: Int32Array, merged: Int32Array, start: number, middle: number, end: number): void {
  let left = start
  let right = middle
  for (let to = start; to < end; to++) {
    const takesLeft = right >= end || (left < middle && !rows.isAfter(order[left] as number, order[right] as number))
    merged[to] = (takesLeft ? order[left++] : order[right++]) as number
  }
  order.set(merged.subarray(start, end), start)
}
