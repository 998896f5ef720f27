import { MAX_DISTINCT } from './tile-layout.ts'

/**
 * Different values and when each was seen last, the newest MAX_DISTINCT of them in order of (time, value), newest first.
 * Exact for every window that begins at or after the floor: the last time of the newest value that had to go.
 */
export class DistinctValues {
  size = 0
  /** −1: no value had to go. */
  floorMs = -1
  readonly value = new Float64Array(MAX_DISTINCT + 1)
  readonly atMs = new Float64Array(MAX_DISTINCT + 1)

  clear(): void {
    this.size = 0
    this.floorMs = -1
  }

  add(value: number, atMs: number): void {
    let place = this.value.subarray(0, this.size).indexOf(value)
    if (place >= 0 && (this.atMs[place] as number) >= atMs) return
    if (place < 0) place = this.size++
    while (place > 0 && this.#isBefore(place - 1, value, atMs)) {
      this.value[place] = this.value[place - 1] as number
      this.atMs[place] = this.atMs[place - 1] as number
      place--
    }
    this.value[place] = value
    this.atMs[place] = atMs
    this.trim(MAX_DISTINCT)
  }

  /** Whether it was there. */
  remove(value: number): boolean {
    const place = this.value.subarray(0, this.size).indexOf(value)
    if (place < 0) return false
    this.value.copyWithin(place, place + 1, this.size)
    this.atMs.copyWithin(place, place + 1, this.size)
    this.size--
    return true
  }

  /** Keeps the newest values. */
  trim(most: number): void {
    while (this.size > most) {
      this.size--
      this.floorMs = Math.max(this.floorMs, this.atMs[this.size] as number)
    }
  }

  /** Forgets values that no window reaches any more, and a floor that none reaches. */
  expire(untilMs: number): void {
    while (this.size > 0 && (this.atMs[this.size - 1] as number) <= untilMs) this.size--
    if (this.floorMs <= untilMs) this.floorMs = -1
  }

  #isBefore(place: number, value: number, atMs: number): boolean {
    const difference = (this.atMs[place] as number) - atMs
    return difference === 0 ? (this.value[place] as number) < value : difference < 0
  }
}
