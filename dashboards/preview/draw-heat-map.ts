import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { Range, Series } from './ask.ts'
import { type Size, timeOf } from './draw-time-series.ts'
import { heat } from './palette.ts'
import { withUnit } from './units.ts'

const MARGIN = { left: 58, right: 10, top: 8, bottom: 20 }
const [ROW_LABELS, TIME_TICKS] = [8, 5]

/** Buckets upward, time to the right; the lighter a cell, the more fell into it. */
export function drawHeatMap(panel: Panel, all: readonly Series[], range: Range, size: Size): string {
  const buckets = all
    .map(({ metric, points }) => ({
      le: metric.le === '+Inf' ? Infinity : Number(metric.le),
      points: new Map(points.filter(([, value]) => Number.isFinite(value)))
    }))
    .sort((left, right) => left.le - right.le)
  const times = [...new Set(all.flatMap(({ points }) => points.map(([at]) => at)))].sort((left, right) => left - right)
  const cells = buckets.map(({ points }, row) =>
    // Buckets hold what is below them too.
    times.map((at) => Math.max(0, (points.get(at) ?? 0) - (buckets[row - 1]?.points.get(at) ?? 0)))
  )
  const most = Math.max(...cells.flat(), 1e-9)
  const cellHeight = (size.height - MARGIN.top - MARGIN.bottom) / buckets.length
  const toX = (at: number) =>
    MARGIN.left +
    ((at - range.fromSeconds) / (range.toSeconds - range.fromSeconds)) * (size.width - MARGIN.left - MARGIN.right)
  const cellWidth = Math.max(1, toX(range.fromSeconds + range.stepSeconds) - MARGIN.left)
  const toY = (row: number) => size.height - MARGIN.bottom - (row + 1) * cellHeight
  const rects = cells.flatMap((counts, row) =>
    counts.flatMap((count, column) => {
      if (!(count > 0)) return []
      const x = Math.max(MARGIN.left, toX(times[column] as number) - cellWidth)
      return `<rect x="${x.toFixed(1)}" y="${toY(row).toFixed(1)}" width="${cellWidth.toFixed(1)}" height="${cellHeight.toFixed(1)}" fill="${heat(Math.sqrt(count / most))}"/>`
    })
  )
  const every = Math.max(1, Math.ceil(buckets.length / ROW_LABELS))
  const { unit } = panel.fieldConfig.defaults
  const labels = buckets.flatMap(({ le }, row) => {
    if (row % every !== 0 || !Number.isFinite(le)) return []
    return `<text x="${MARGIN.left - 6}" y="${toY(row)}" dy="4" text-anchor="end">${escapeXml(withUnit(le, unit))}</text>`
  })
  const ticks = Array.from({ length: TIME_TICKS }, (_, index) => {
    const x = range.fromSeconds + ((index + 0.5) / TIME_TICKS) * (range.toSeconds - range.fromSeconds)
    return `<text x="${toX(x)}" y="${size.height - 4}" text-anchor="middle">${timeOf(x, range)}</text>`
  })
  return `<svg viewBox="0 0 ${size.width} ${size.height}">${rects.join('')}${labels.join('')}${ticks.join('')}</svg>`
}
