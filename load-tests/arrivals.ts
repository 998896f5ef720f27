import type { Random } from './random.ts'

export const ARRIVALS = ['poisson', 'fixed'] as const
export type Arrivals = (typeof ARRIVALS)[number]

/** A stretch of a plan, over which the rate goes evenly from one value to another. */
export interface RateSegment {
  readonly fromPerSecond: number
  readonly toPerSecond: number
  readonly seconds: number
}

/**
 * When each request should start, in milliseconds after the first moment: the plan that latency is measured against.
 * Made whole in advance, so that nothing the service does can move it. Poisson is how independent people arrive; fixed
 * spacing is for checks against arithmetic. Arrivals of rate one are made on the axis of expected counts and brought back to time, which
 * is exact for Poisson (a time-rescaled process) and gives even counts for fixed spacing.
 */
export function planRates(arrivals: Arrivals, segments: readonly RateSegment[], random: Random): Float64Array {
  const planned: number[] = []
  let [startMs, startCount, next] = [0, 0, arrivals === 'fixed' ? 0 : nextGap(random, 1)]
  for (const { fromPerSecond, toPerSecond, seconds } of segments) {
    const count = ((fromPerSecond + toPerSecond) / 2) * seconds
    for (; next < startCount + count; next += arrivals === 'fixed' ? 1 : nextGap(random, 1)) {
      planned.push(startMs + 1000 * timeOfCount(next - startCount, fromPerSecond, toPerSecond, seconds))
    }
    startMs += seconds * 1000
    startCount += count
  }
  return Float64Array.from(planned)
}

/** Seconds after which so many are expected, when the rate goes evenly from one value to another. */
function timeOfCount(count: number, fromPerSecond: number, toPerSecond: number, seconds: number): number {
  const slope = (toPerSecond - fromPerSecond) / seconds
  if (slope === 0) return count / fromPerSecond
  return (Math.sqrt(fromPerSecond ** 2 + 2 * slope * count) - fromPerSecond) / slope
}

/** One rate for all of the time. */
export function steadyRate(ratePerSecond: number, seconds: number): RateSegment {
  return { fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond, seconds }
}

function nextGap(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs
}
