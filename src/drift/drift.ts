import type { DriftReference } from '../inference/manifest.ts'
import { MIN_SAMPLE, measureStability, type Stability } from './psi.ts'
import { type Column, readReference } from './reference.ts'

const SLOT_MS = 300_000
/** Slots of each window. The newest slot is not full yet, so that a window is up to five minutes short. */
const WINDOW_SLOTS = { '1h': 12, '24h': 288 } as const
export type DriftWindow = keyof typeof WINDOW_SLOTS
export const DRIFT_WINDOWS = Object.keys(WINDOW_SLOTS) as DriftWindow[]
/** An hour is enough to see the score jump; inputs want a day, or their daily rhythm looks like drift. */
const FEATURE_WINDOW: DriftWindow = '24h'
const SLOTS = WINDOW_SLOTS[FEATURE_WINDOW]

export interface DriftReading {
  readonly scores: readonly {
    readonly window: DriftWindow
    /** Scored decisions in the window. */
    readonly decisions: number
    /** Null below the minimum sample. */
    readonly stability: Stability | null
  }[]
  /** Of a day. */
  readonly features: readonly {
    readonly name: string
    /** Of the values that are there; null below the minimum sample. */
    readonly stability: Stability | null
    /** Share of missing values; null below the minimum sample. */
    readonly missing: number | null
  }[]
  /** Values in each bin since the start, the missing ones last; the score first, which is never missing. */
  readonly counts: readonly { readonly column: Column; readonly values: Float64Array }[]
}

export interface Drift {
  /**
   * Counts one scored row. The model’s first input is at `from`. Integer work for each input and no allocation
   * (npm run bench:micro).
   */
  readonly observe: (vector: Float32Array, pd: number, from?: number) => void
  readonly read: () => DriftReading
}

export interface DriftOptions {
  /** Never goes back: a clock that jumps would forget the window or never forget it. */
  readonly monotonicMs: () => number
}

/**
 * Counts scores and inputs in the bins of the training part, for the last hour and day: a ring of five-minute slots, of
 * which the oldest is cleared when a new one begins. In memory only; a restart begins anew.
 *
 * @throws AssayError model_invalid where the reference cannot be measured against
 */
export function createDrift(
  reference: DriftReference,
  inputs: readonly string[],
  { monotonicMs }: DriftOptions
): Drift {
  const columns = readReference(reference, inputs)
  const { input, firstEdge, firstCell, edges } = layOut(columns)
  const cells = firstCell[columns.length] as number
  const ring = new Uint32Array(SLOTS * cells)
  /** All slots before the current one, since the start. */
  const before = new Float64Array(cells)
  let slot = slotOf(monotonicMs())

  function advance(): number {
    const now = slotOf(monotonicMs())
    if (now > slot) {
      addSlot(ring, slot, before)
      const oldest = Math.max(slot + 1, now - SLOTS + 1)
      for (let each = oldest; each <= now; each++) clearSlot(each)
      slot = now
    }
    return (slot % SLOTS) * cells
  }

  function clearSlot(each: number): void {
    const start = (each % SLOTS) * cells
    ring.fill(0, start, start + cells)
  }

  function addSlot(from: Uint32Array, each: number, to: Float64Array): void {
    const start = (each % SLOTS) * cells
    for (let cell = 0; cell < cells; cell++) to[cell] = (to[cell] as number) + (from[start + cell] as number)
  }

  function sumOf(window: DriftWindow): Float64Array {
    const sums = new Float64Array(cells)
    for (let each = Math.max(0, slot - WINDOW_SLOTS[window] + 1); each <= slot; each++) addSlot(ring, each, sums)
    return sums
  }

  const valuesOf = (sums: Float64Array, index: number) => sums.subarray(firstCell[index], firstCell[index + 1])

  return {
    observe: (vector, pd, from = 0) => {
      const start = advance()
      for (let index = 0; index < columns.length; index++) {
        const place = input[index] as number
        const value = place < 0 ? pd : (vector[from + place] as number)
        let edge = firstEdge[index] as number
        const end = firstEdge[index + 1] as number
        let cell = start + (firstCell[index] as number)
        if (Number.isNaN(value)) cell += end - edge + 1
        else {
          for (; edge < end && (edges[edge] as number) <= value; edge++) cell++
        }
        ring[cell] = (ring[cell] as number) + 1
      }
    },
    read: () => {
      advance()
      const sums = Object.fromEntries(DRIFT_WINDOWS.map((window) => [window, sumOf(window)]))
      const total = before.slice()
      addSlot(ring, slot, total)
      return {
        scores: DRIFT_WINDOWS.map((window) => {
          const { sample, stability } = stabilityOf(columns[0] as Column, valuesOf(sums[window] as Float64Array, 0))
          return { window, decisions: sample, stability }
        }),
        features: columns.slice(1).map((column, index) => {
          const values = valuesOf(sums[FEATURE_WINDOW] as Float64Array, index + 1)
          const { sample, stability } = stabilityOf(column, values)
          const missing = values.at(-1) as number
          const rows = sample + missing
          return { name: column.name, stability, missing: rows < MIN_SAMPLE ? null : missing / rows }
        }),
        counts: columns.map((column, index) => ({ column, values: valuesOf(total, index) }))
      }
    }
  }
}

/** All columns one behind the other: cells are bins and one for what is missing, the last number is their end. */
function layOut(columns: readonly Column[]) {
  const [firstEdge, firstCell] = [new Int32Array(columns.length + 1), new Int32Array(columns.length + 1)]
  columns.forEach(({ edges }, index) => {
    firstEdge[index + 1] = (firstEdge[index] as number) + edges.length
    firstCell[index + 1] = (firstCell[index] as number) + edges.length + 2
  })
  return {
    input: Int32Array.from(columns, (column) => column.input),
    firstEdge,
    firstCell,
    edges: Float64Array.from(columns.flatMap(({ edges }) => edges))
  }
}

function stabilityOf({ shares, rows }: Column, values: Float64Array) {
  const stability = measureStability(values.subarray(0, -1), shares, rows)
  const sample = stability?.sample ?? values.subarray(0, -1).reduce((sum, count) => sum + count, 0)
  return { sample, stability: sample < MIN_SAMPLE ? null : stability }
}

function slotOf(nowMs: number): number {
  return Math.floor(nowMs / SLOT_MS)
}
