import type { AssayEvent } from '../../src/domain/event.ts'
import type { EventFeature } from '../../src/features/definition.ts'
import { naiveFeature } from './behaviour.ts'

/** Whether a value is exactly that of some window between the declared one and one that is 1/64 longer. */
export function isWithinTileBound(
  value: number,
  feature: EventFeature,
  events: readonly AssayEvent[],
  nowMs: number
): boolean {
  const { windowMs } = feature
  if (Object.is(value, naiveFeature(feature, events, nowMs))) return true
  if (windowMs === null) return false
  const relevant = events.filter(({ type }) => feature.events.includes(type))
  return relevant
    .map(({ occurredAtMs }) => nowMs - occurredAtMs + 1)
    .filter((longerMs) => longerMs > windowMs && longerMs <= windowMs + windowMs / 64)
    .some((longerMs) => Object.is(value, naiveFeature({ ...feature, windowMs: longerMs }, relevant, nowMs)))
}

/** The age of the newest event of the types that a feature reads; NaN when there is none. */
export function naiveAgeMs(feature: EventFeature, events: readonly AssayEvent[], nowMs: number): number {
  const times = events.filter(({ type }) => feature.events.includes(type)).map(({ occurredAtMs }) => occurredAtMs)
  return times.length === 0 ? Number.NaN : Math.max(0, nowMs - Math.max(...times))
}
