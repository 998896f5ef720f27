export interface SearchLimits {
  /** Decisions tried at most. */
  readonly maxTries: number
  /** Time of this thread that a search may take in all. */
  readonly maxBusyMs: number
  /** Time after which others get their turn. */
  readonly sliceMs: number
  readonly monotonicMs: () => number
  /** Lets others have their turn. */
  readonly rest: () => Promise<unknown>
}

/** Bounds a search, and rests so that it never holds up the event loop for longer than a slice and one try. */
export interface SearchBudget {
  /** Takes one try; false when there is none left. */
  readonly take: () => boolean
  /** Ask before each try, and rest when it says so: awaiting each try would cost more than the try. */
  readonly mustRest: () => boolean
  readonly rest: () => Promise<void>
  readonly left: () => number
}

export function createSearchBudget({ maxTries, maxBusyMs, sliceMs, monotonicMs, rest }: SearchLimits): SearchBudget {
  let tries = 0
  let busyMs = 0
  let sliceAtMs = monotonicMs()
  const left = () => (busyMs + monotonicMs() - sliceAtMs >= maxBusyMs ? 0 : maxTries - tries)
  return {
    take: () => {
      if (left() <= 0) return false
      tries++
      return true
    },
    mustRest: () => monotonicMs() - sliceAtMs >= sliceMs,
    rest: async () => {
      busyMs += monotonicMs() - sliceAtMs
      await rest()
      sliceAtMs = monotonicMs()
    },
    left
  }
}

/** What a try found; `spent` when there was none left to take. */
export type Try = 'passes' | 'fails' | 'spent'

export interface Nearest {
  readonly index: number | undefined
  /** Whether every nearer candidate was tried. */
  readonly isExact: boolean
}

const REFINE_BY = 8

/**
 * The nearest of `count` candidates (0 is the nearest) that passes. What passes need not be monotone, so that halving would
 * be wrong: every candidate is tried in turn where there are tries for it, else they are scanned from coarse to fine. What
 * is found passes in either case; after a coarse scan a nearer island between two candidates that fail may be missed.
 */
export async function findNearest(
  count: number,
  tryOne: (index: number) => Try,
  budget: SearchBudget,
  maxTries: number
): Promise<Nearest> {
  let stride = Math.max(1, Math.ceil((2 * count) / maxTries))
  if (count <= Math.min(maxTries, budget.left())) stride = 1
  let isExact = stride === 1
  // Fails, or lies before the first; passes, or lies behind the last.
  let [low, high] = [-1, count]
  for (;;) {
    for (let index = low + stride; index < high; index = nextIndex(index, stride, high)) {
      if (budget.mustRest()) await budget.rest()
      const tried = tryOne(index)
      if (tried === 'spent') return { index: high < count ? high : undefined, isExact: false }
      if (tried === 'passes') {
        high = index
        break
      }
      low = index
    }
    if (high === count) return { index: undefined, isExact }
    if (stride === 1) return { index: high, isExact }
    stride = Math.ceil(stride / REFINE_BY)
    isExact = false
  }
}

/** The last candidate is tried whatever the stride. */
function nextIndex(index: number, stride: number, high: number): number {
  return index + stride >= high && index < high - 1 ? high - 1 : index + stride
}
