import type { Random } from './random.ts'

export const ARRIVALS = ['poisson', 'fixed'] as const
export type Arrivals = (typeof ARRIVALS)[number]

/**
 * When each request should start, in milliseconds after the first moment: the plan that latency is measured against.
 * Made whole in advance, so that nothing the service does can move it. Poisson is how independent people arrive; fixed
 * spacing is for checks against arithmetic.
 */
export function planArrivals(arrivals: Arrivals, ratePerSecond: number, seconds: number, random: Random): Float64Array {
  const gapMs = 1000 / ratePerSecond
  const endMs = seconds * 1000
  if (arrivals === 'fixed') {
    return Float64Array.from({ length: Math.round(endMs / gapMs) }, (_, index) => index * gapMs)
  }
  const planned: number[] = []
  for (let atMs = nextGap(random, gapMs); atMs < endMs; atMs += nextGap(random, gapMs)) planned.push(atMs)
  return Float64Array.from(planned)
}

function nextGap(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs
}
