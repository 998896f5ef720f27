import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { NamedSeries } from './draw-panel.ts'
import { thresholdColour } from './draw-stat.ts'
import { colourNamed } from './palette.ts'
import { withUnit } from './units.ts'

const [MOST_HEIGHT, LEAST_HEIGHT, GAP] = [15, 8, 5]

/** A bar a series, as long as its value. */
export function drawBars({ fieldConfig: { defaults } }: Panel, series: readonly NamedSeries[], height: number): string {
  const barHeight = Math.max(LEAST_HEIGHT, Math.min(MOST_HEIGHT, height / series.length - GAP))
  const bars = series.map(({ name, points }) => ({ name, value: points.at(-1)?.[1] ?? Number.NaN }))
  const most = defaults.max ?? Math.max(...bars.map(({ value }) => value).filter(Number.isFinite), 1e-12)
  const rows = bars.map(({ name, value }) => {
    const colour = colourNamed(thresholdColour(defaults.thresholds, value))
    const width = Number.isFinite(value) ? Math.max(0, Math.min(100, (value / most) * 100)) : 0
    return `<tr><td style="font-size:${Math.min(12, barHeight)}px">${escapeXml(name)}</td><td><div style="width:${width.toFixed(1)}%;height:${barHeight.toFixed(0)}px;background:${colour}"></div></td><td style="color:${colour}">${escapeXml(withUnit(value, defaults.unit))}</td></tr>`
  })
  return `<table class="bars">${rows.join('')}</table>`
}
