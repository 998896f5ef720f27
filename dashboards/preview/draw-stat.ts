import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { NamedSeries } from './draw-panel.ts'
import type { Size } from './draw-time-series.ts'
import { colourNamed } from './palette.ts'
import { withUnit } from './units.ts'

/** The last value of each series in large letters, in the colour of its threshold, before its course. */
export function drawStat(panel: Panel, series: readonly NamedSeries[], { height }: Size): string {
  const options = panel.options as { textMode?: string; graphMode?: string }
  const many = series.length > 1
  const tiles = series.map(({ name, points }) => {
    const last = points.findLast(([, value]) => Number.isFinite(value))?.[1]
    const { text, colour } = last === undefined ? { text: 'No data', colour: 'text' } : worded(panel, last)
    const label = options.textMode === 'value_and_name' ? `<small>${escapeXml(name)}</small>` : ''
    const course = options.graphMode === 'area' && last !== undefined ? sparkLine(points, colourNamed(colour)) : ''
    const size = Math.min(many ? 22 : 38, height / 2)
    return `<div class="tile" style="color:${colourNamed(colour)}">${course}<b style="font-size:${size}px">${escapeXml(text)}</b>${label}</div>`
  })
  return `<div class="tiles">${tiles.join('')}</div>`
}

function worded({ fieldConfig: { defaults } }: Panel, value: number): { text: string; colour: string } {
  const word = defaults.mappings?.[0]?.options[String(value)]
  if (word !== undefined) return { text: word.text, colour: word.color }
  return { text: withUnit(value, defaults.unit), colour: thresholdColour(defaults.thresholds, value) }
}

export function thresholdColour(thresholds: Panel['fieldConfig']['defaults']['thresholds'], value: number): string {
  return thresholds?.steps.findLast((step) => step.value === null || value >= step.value)?.color ?? 'text'
}

function sparkLine(points: NamedSeries['points'], colour: string): string {
  const known = points.filter(([, value]) => Number.isFinite(value))
  const [xs, ys] = [known.map(([x]) => x), known.map(([, y]) => y)]
  const [left, right, top] = [Math.min(...xs), Math.max(...xs), Math.max(...ys, 1e-12)]
  const line = known.map(([x, y]) => {
    return `${(((x - left) / (right - left || 1)) * 100).toFixed(1)} ${(40 - (Math.max(0, y) / top) * 36).toFixed(1)}`
  })
  return `<svg viewBox="0 0 100 40" preserveAspectRatio="none" class="course"><path d="M${line.join('L')}L100 40L0 40Z" fill="${colour}" opacity="0.18"/></svg>`
}
