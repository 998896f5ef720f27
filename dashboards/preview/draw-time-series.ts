import { escapeXml, niceStep } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { Range } from './ask.ts'
import type { NamedSeries } from './draw-panel.ts'
import { withUnit } from './units.ts'

const MARGIN = { left: 58, right: 10, top: 8, bottom: 20 }
const WANTED_TICKS = 4
const TIME_TICKS = 5

export interface Size {
  readonly width: number
  readonly height: number
}

/** Lines over time, or areas upon each other, with a table of the last and the largest value below. */
export function drawTimeSeries(panel: Panel, all: readonly NamedSeries[], range: Range, size: Size): string {
  const { unit, max, custom, thresholds } = panel.fieldConfig.defaults
  const stacked = custom?.stacking?.mode === 'normal'
  const limit =
    custom?.thresholdsStyle?.mode === 'off' ? undefined : thresholds?.steps.find(({ value }) => value)?.value
  const layers = stacked ? stack(all) : all.map(({ points }) => ({ tops: points, bottoms: undefined }))
  const highest = Math.max(...layers.flatMap(({ tops }) => tops.map(([, y]) => y)).filter(Number.isFinite), limit ?? 0)
  const step = niceStep((max ?? (highest || 1)) / WANTED_TICKS)
  const top = max ?? (Math.ceil(highest / step) * step || 1)

  const plotHeight = size.height - MARGIN.bottom
  const toX = (x: number) =>
    MARGIN.left +
    ((x - range.fromSeconds) / (range.toSeconds - range.fromSeconds)) * (size.width - MARGIN.left - MARGIN.right)
  const toY = (y: number) => plotHeight - (Math.min(y, top) / top) * (plotHeight - MARGIN.top)
  const at = ([x, y]: readonly [number, number]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`

  const grid = Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => {
    const y = index * step
    return (
      `<line x1="${MARGIN.left}" x2="${size.width - MARGIN.right}" y1="${toY(y)}" y2="${toY(y)}" class="grid"/>` +
      `<text x="${MARGIN.left - 6}" y="${toY(y)}" dy="3" text-anchor="end">${escapeXml(withUnit(y, unit))}</text>`
    )
  })
  const times = Array.from({ length: TIME_TICKS }, (_, index) => {
    const x = range.fromSeconds + ((index + 0.5) / TIME_TICKS) * (range.toSeconds - range.fromSeconds)
    return `<text x="${toX(x)}" y="${size.height - 4}" text-anchor="middle">${timeOf(x, range)}</text>`
  })
  const drawn = layers.map(({ tops, bottoms }, index) => {
    const colour = all[index]?.colour as string
    return runsOf(tops, range.stepSeconds)
      .map((run) => {
        const line = `M${run.map(at).join('L')}`
        const [first, last] = [run[0], run.at(-1)] as [readonly [number, number], readonly [number, number]]
        const floor = bottoms?.filter(([x]) => x >= first[0] && x <= last[0]).toReversed() ?? [
          [last[0], 0] as const,
          [first[0], 0] as const
        ]
        // One point alone has no length: a dot.
        const dot =
          run.length === 1 ? `<circle cx="${toX(first[0])}" cy="${toY(first[1])}" r="1.5" fill="${colour}"/>` : ''
        return `<path d="${line}L${floor.map(at).join('L')}Z" fill="${colour}" opacity="${stacked ? 0.6 : 0.08}"/><path d="${line}" fill="none" stroke="${colour}" stroke-width="1.4"/>${dot}`
      })
      .join('')
  })
  const bar =
    limit === undefined || limit === null || limit > top
      ? ''
      : `<rect x="${MARGIN.left}" width="${size.width - MARGIN.left - MARGIN.right}" y="${MARGIN.top}" height="${toY(limit) - MARGIN.top}" class="above"/><line x1="${MARGIN.left}" x2="${size.width - MARGIN.right}" y1="${toY(limit)}" y2="${toY(limit)}" class="limit"/>`
  return `<svg viewBox="0 0 ${size.width} ${size.height}">${grid.join('')}${times.join('')}${bar}${drawn.join('')}</svg>`
}

/** Each series upon those before it; what has no value is left out. */
function stack(all: readonly NamedSeries[]) {
  const sums = new Map<number, number>()
  for (const { points } of all) for (const [x] of points) sums.set(x, 0)
  return all.map(({ points }) => {
    const bottoms = points.map(([x]) => [x, sums.get(x) as number] as const)
    for (const [x, y] of points) if (Number.isFinite(y)) sums.set(x, (sums.get(x) as number) + y)
    const tops = points.map(([x, y]) => [x, Number.isFinite(y) ? (sums.get(x) as number) : Number.NaN] as const)
    return { tops, bottoms }
  })
}

/** A line breaks where a point is missing. */
function runsOf(points: readonly (readonly [number, number])[], stepSeconds: number) {
  const runs: (readonly [number, number])[][] = []
  let last = Number.NEGATIVE_INFINITY
  for (const point of points) {
    if (!Number.isFinite(point[1])) continue
    if (point[0] - last > stepSeconds * 1.5) runs.push([])
    runs.at(-1)?.push(point)
    last = point[0]
  }
  return runs
}

export function timeOf(seconds: number, { fromSeconds, toSeconds }: Range): string {
  const text = new Date(seconds * 1000).toISOString()
  if (toSeconds - fromSeconds > 2 * 86_400) return text.slice(5, 10)
  return toSeconds - fromSeconds > 900 ? text.slice(11, 16) : text.slice(11, 19)
}
