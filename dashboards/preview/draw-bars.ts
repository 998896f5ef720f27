import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { NamedSeries } from './draw-panel.ts'
import { thresholdColour } from './draw-stat.ts'
import { colourNamed } from './palette.ts'
import { withUnit } from './units.ts'

/** A bar a series, as long as its value. */
export function drawBars({ fieldConfig: { defaults } }: Panel, series: readonly NamedSeries[]): string {
  const bars = series.map(({ name, points }) => ({ name, value: points.at(-1)?.[1] ?? Number.NaN }))
  const most = defaults.max ?? Math.max(...bars.map(({ value }) => value).filter(Number.isFinite), 1e-12)
  const rows = bars.map(({ name, value }) => {
    const colour = colourNamed(thresholdColour(defaults.thresholds, value))
    const width = Number.isFinite(value) ? Math.max(0, Math.min(100, (value / most) * 100)) : 0
    return `<tr><td>${escapeXml(name)}</td><td><div style="width:${width.toFixed(1)}%;background:${colour}"></div></td><td style="color:${colour}">${escapeXml(withUnit(value, defaults.unit))}</td></tr>`
  })
  return `<table class="bars">${rows.join('')}</table>`
}
