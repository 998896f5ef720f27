import { type Clock, systemClock } from '../clock.ts'

const EVERY_MS = 2000

export interface ProgressCounts {
  readonly events: number
  readonly entities: number
  /** From 0 to 1. */
  readonly share: number
}

/** Shows how far something has come, every two seconds: events, entities, events a second, the time that is left. */
export function createProgressLine(
  name: string,
  show: (line: string) => void,
  clock: Clock = systemClock
): (counts: ProgressCounts) => void {
  const startedAtMs = clock.monotonicMs()
  let first: ProgressCounts | undefined
  let shownAtMs = startedAtMs
  return (counts) => {
    first ??= counts
    const nowMs = clock.monotonicMs()
    if (nowMs - shownAtMs < EVERY_MS) return
    shownAtMs = nowMs
    const seconds = (nowMs - startedAtMs) / 1000
    const rate = Math.round((counts.events - first.events) / seconds)
    const done = counts.share - first.share
    const eta = done > 0 ? `${Math.round((seconds * (1 - counts.share)) / done)} s to go` : 'eta unknown'
    show(
      `${name}: ${counts.events} events, ${counts.entities} entities, ${rate} events/s, ${Math.floor(counts.share * 100)} %, ${eta}`
    )
  }
}
