import type { RateCap } from './rule-packs.ts'

const DAY_MS = 86_400_000

/** When offers end: after the policy’s days, or where a stricter cap begins before. */
export function offersEndMs(nowMs: number, offerValidDays: number, stricterFromMs: number | undefined): number {
  return Math.min(nowMs + offerValidDays * DAY_MS, stricterFromMs ?? Number.POSITIVE_INFINITY)
}

/**
 * The first instant within so many days from which a rate cap is stricter than now, to the millisecond; undefined when none
 * is. What is offered before is taken up until then at the latest: a loan is made under the rules of its own day.
 */
export function stricterCapFrom(capAt: (atMs: number) => RateCap, nowMs: number, days: number): number | undefined {
  const now = capAt(nowMs)
  const isStricter = (atMs: number) => isBelow(capAt(atMs), now)
  let beforeMs = nowMs
  for (let day = 1; day <= days; day++) {
    let fromMs = nowMs + day * DAY_MS
    if (!isStricter(fromMs)) {
      beforeMs = fromMs
      continue
    }
    while (fromMs - beforeMs > 1) {
      const middleMs = Math.floor((beforeMs + fromMs) / 2)
      if (isStricter(middleMs)) fromMs = middleMs
      else beforeMs = middleMs
    }
    return fromMs
  }
  return undefined
}

function isBelow(later: RateCap, now: RateCap): boolean {
  const below = (measure: 'nominal' | 'effective') => (later[measure] ?? Infinity) < (now[measure] ?? Infinity)
  return below('nominal') || below('effective')
}
