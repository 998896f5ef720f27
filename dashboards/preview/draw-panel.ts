import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { Range, Series } from './ask.ts'
import { drawBars } from './draw-bars.ts'
import { drawHeatMap } from './draw-heat-map.ts'
import { drawStat } from './draw-stat.ts'
import { drawTable } from './draw-table.ts'
import { drawTimeSeries } from './draw-time-series.ts'
import { colourNamed, colourOfSeries } from './palette.ts'
import { withUnit } from './units.ts'

export interface NamedSeries extends Series {
  readonly name: string
  readonly colour: string
}

/** What was asked of Prometheus for a panel: the series of each query, or what it said instead. */
export type PanelAnswer =
  | { readonly answers: readonly (readonly Series[])[]; readonly failure?: undefined }
  | { readonly failure: string }

const LEGEND_LINE = 15
const MAX_LEGEND_LINES = 6

/** A panel as HTML within a box of these pixels, its title taken off already. */
export function drawPanel(panel: Panel, answer: PanelAnswer, range: Range, width: number, height: number): string {
  if (answer.failure !== undefined) return `<p class="fault">${escapeXml(answer.failure)}</p>`
  const series = named(panel, answer.answers)
  if (series.length === 0) return `<p class="empty">${escapeXml(panel.fieldConfig.defaults.noValue ?? 'No data')}</p>`
  switch (panel.type) {
    case 'stat':
      return drawStat(panel, series, { width, height })
    case 'bargauge':
      return drawBars(panel, series, height)
    case 'table':
      return drawTable(panel, answer.answers)
    case 'heatmap':
      return drawHeatMap(panel, series, range, { width, height })
    case 'timeseries': {
      const lines = Math.min(MAX_LEGEND_LINES, series.length) + 1
      const size = { width, height: height - lines * LEGEND_LINE }
      return drawTimeSeries(panel, series, range, size) + legendOf(panel, series)
    }
  }
}

function named(panel: Panel, answers: readonly (readonly Series[])[]): NamedSeries[] {
  const fixed = new Map(
    panel.fieldConfig.overrides.flatMap(({ matcher, properties }) =>
      properties.map(({ value }) => [matcher.options, (value as { fixedColor: string }).fixedColor] as const)
    )
  )
  const all = answers.flatMap((series, query) =>
    series.map((each) => {
      const legend = panel.targets[query]?.legendFormat ?? ''
      const name = legend.replaceAll(/\{\{(\w+)\}\}/g, (_whole, label: string) => each.metric[label] ?? '')
      return { ...each, name }
    })
  )
  return all.map((each, index) => {
    const colour = fixed.get(each.name)
    return { ...each, colour: colour === undefined ? colourOfSeries(index) : colourNamed(colour) }
  })
}

function legendOf(panel: Panel, series: readonly NamedSeries[]): string {
  const { unit } = panel.fieldConfig.defaults
  const rows = series.slice(0, MAX_LEGEND_LINES).map(({ name, colour, points }) => {
    const values = points.map(([, value]) => value).filter(Number.isFinite)
    const [last, most] = [values.at(-1) ?? Number.NaN, Math.max(...values)]
    return `<tr><td><i style="background:${colour}"></i>${escapeXml(name)}</td><td>${escapeXml(withUnit(last, unit))}</td><td>${escapeXml(withUnit(most, unit))}</td></tr>`
  })
  const more = series.length - rows.length
  const rest = more > 0 ? `<tr><td>and ${more} more</td><td></td><td></td></tr>` : ''
  return `<table class="legend"><tr><th></th><th>last</th><th>max</th></tr>${rows.join('')}${rest}</table>`
}
