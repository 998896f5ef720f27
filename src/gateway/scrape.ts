import type { Metrics } from '../metrics.ts'

/** A scrape lets others run once it has worked so long: a half of what a decision may be held up by. */
const TURN_MS = 2

export interface ScrapeOptions {
  readonly registry: Metrics['registry']
  readonly monotonicMs: () => number
  /** Lets what waits run. */
  readonly rest: () => Promise<unknown>
}

/**
 * What Registry.metrics() says, printed metric by metric with rests in between: a full gateway has some two thousand series, and
 * printed in one go they hold the loop for 3 ms on an idle core and for more on a busy one.
 */
export async function scrape({ registry, monotonicMs, rest }: ScrapeOptions): Promise<string> {
  const texts: string[] = []
  let sinceMs = monotonicMs()
  for (const { name } of registry.getMetricsAsArray()) {
    texts.push(await registry.getSingleMetricAsString(name))
    if (monotonicMs() - sinceMs < TURN_MS) continue
    await rest()
    sinceMs = monotonicMs()
  }
  return `${texts.join('\n\n')}\n`
}
