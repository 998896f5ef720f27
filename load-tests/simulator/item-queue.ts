import type { SimulatedItem } from './scene.ts'

/** Items by time, then in the order in which they were put: a binary heap. */
export class ItemQueue<Item extends { readonly atMs: number } = SimulatedItem> {
  readonly #heap: { readonly item: Item; readonly order: number }[] = []
  #puts = 0

  get size(): number {
    return this.#heap.length
  }

  put(item: Item): void {
    const heap = this.#heap
    heap.push({ item, order: this.#puts++ })
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  /** Takes the first item if it lies before an instant. */
  takeBefore(atMs: number): Item | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.item.atMs >= atMs) return undefined
    const last = heap.pop()
    if (last !== undefined && last !== first) {
      heap[0] = last
      this.#sink()
    }
    return first.item
  }

  #sink(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1
      if (left >= this.#heap.length) return
      const child = left + 1 < this.#heap.length && this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      parent = child
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [one, other] = [this.#at(left), this.#at(right)]
    return one.item.atMs === other.item.atMs ? one.order < other.order : one.item.atMs < other.item.atMs
  }

  #swap(left: number, right: number): void {
    const kept = this.#at(left)
    this.#heap[left] = this.#at(right)
    this.#heap[right] = kept
  }

  #at(index: number) {
    return this.#heap[index] as { readonly item: Item; readonly order: number }
  }
}
