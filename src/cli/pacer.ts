import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, systemClock } from '../clock.ts'

/** Shorter rests cost more than they give. */
const LEAST_REST_MS = 5

/** Holds steps to a rate: waits until those taken so far have had their time. A rate of 0 is no limit. */
export function createPacer(
  stepsPerSecond: number,
  clock: Clock = systemClock,
  rest: (ms: number) => Promise<unknown> = sleep
): (steps: number) => Promise<void> {
  let dueAtMs = 0
  return async (steps) => {
    if (stepsPerSecond === 0) return
    const nowMs = clock.monotonicMs()
    dueAtMs = Math.max(dueAtMs, nowMs) + (steps * 1000) / stepsPerSecond
    if (dueAtMs - nowMs >= LEAST_REST_MS) await rest(dueAtMs - nowMs)
  }
}
