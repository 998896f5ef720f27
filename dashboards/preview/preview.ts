import type { Dashboard, Panel } from '../src/grafana.ts'
import type { PrometheusClient, Range, Series } from './ask.ts'
import type { PanelAnswer } from './draw-panel.ts'
import { fill, variablesOf } from './fill.ts'

export interface PreviewOptions {
  readonly prometheus: PrometheusClient
  readonly range: Range
  /** Of the Prometheus that is asked. */
  readonly scrapeIntervalSeconds: number
}

/** Asks what every panel of a dashboard asks; of one that fails, what Prometheus said. */
export async function askPanels(
  { panels }: Dashboard,
  options: PreviewOptions
): Promise<ReadonlyMap<number, PanelAnswer>> {
  const answers = new Map<number, PanelAnswer>()
  for (const panel of panels) {
    if (panel.type === 'row' || panel.type === 'text') continue
    answers.set(panel.id, await askPanel(panel, options))
  }
  return answers
}

async function askPanel(
  panel: Panel,
  { prometheus, range, scrapeIntervalSeconds }: PreviewOptions
): Promise<PanelAnswer> {
  // As Grafana: four scrapes or one step and a scrape, whichever is longer.
  const rateSeconds = Math.max(4 * scrapeIntervalSeconds, range.stepSeconds + scrapeIntervalSeconds)
  const variables = variablesOf(range.toSeconds - range.fromSeconds, rateSeconds)
  const answers: Series[][] = []
  try {
    for (const { expr, instant } of panel.targets) {
      const query = fill(expr, variables)
      answers.push(await (instant ? prometheus.instant(query, range.toSeconds) : prometheus.range(query, range)))
    }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
  return { answers }
}
