export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface PlotOptions {
  readonly title: string
  readonly xName: string
  readonly yName: string
  readonly lines: readonly Line[]
  /** Where the ticks of x are and what they say; evenly spaced numbers when left out. */
  readonly xTicks?: readonly (readonly [x: number, text: string])[]
}

const [WIDTH, HEIGHT] = [560, 260]
const MARGIN = { left: 56, right: 12, top: 28, bottom: 58 }
const COLOURS = ['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed', '#0891b2']
const STEPS = [1, 2, 5, 10]
const WANTED_TICKS = 5

/** A line chart as SVG text, with a legend. Needs no script and no other file. */
export function plot({ title, xName, yName, lines, xTicks }: PlotOptions): string {
  const points = lines.flatMap((line) => line.points).filter((point) => point.every(Number.isFinite))
  if (points.length === 0) return ''
  const [left, right] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))]
  const step = niceStep(Math.max(...points.map(([, y]) => y), 1e-9) / WANTED_TICKS)
  const top = Math.ceil(Math.max(...points.map(([, y]) => y)) / step) * step || step
  const toX = (x: number) => MARGIN.left + ((x - left) / (right - left || 1)) * (WIDTH - MARGIN.left - MARGIN.right)
  const toY = (y: number) => HEIGHT - MARGIN.bottom - (y / top) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const yTicks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  const grid = yTicks.map((y) => {
    const at = toY(y).toFixed(1)
    const label = Number(y.toPrecision(3)).toLocaleString('en-US')
    return (
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" class="grid"/>` +
      `<text x="${MARGIN.left - 6}" y="${at}" dy="4" text-anchor="end">${label}</text>`
    )
  })
  const bottom = HEIGHT - MARGIN.bottom
  const labels = (xTicks ?? evenTicks(left, right)).map(
    ([x, text]) => `<text x="${toX(x).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${escapeXml(text)}</text>`
  )
  const paths = lines.map(({ points: all }, index) => {
    const path = all
      .filter((point) => point.every(Number.isFinite))
      .map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`)
    return `<path d="${path.join('')}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.6"/>`
  })
  const legend = lines.map(({ name }, index) => {
    const x = MARGIN.left + (index % 4) * 124
    const y = HEIGHT - 18 + Math.floor(index / 4) * 14
    const colour = COLOURS[index % COLOURS.length]
    return `<rect x="${x}" y="${y - 8}" width="10" height="3" fill="${colour}"/><text x="${x + 14}" y="${y - 3}">${escapeXml(name)}</text>`
  })
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(title)}">` +
    `<text x="${MARGIN.left}" y="16" class="title">${escapeXml(`${title}, ${yName}`)}</text>` +
    `<text x="${WIDTH - MARGIN.right}" y="${bottom + 30}" text-anchor="end">${escapeXml(xName)}</text>` +
    `${grid.join('')}${labels.join('')}${paths.join('')}${legend.join('')}</svg>`
  )
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A round step of at least `rough`: 1, 2 or 5 times a power of ten. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  return (STEPS.find((step) => step * power >= rough) ?? 10) * power
}

function evenTicks(left: number, right: number): (readonly [number, string])[] {
  const step = niceStep((right - left || 1) / WANTED_TICKS)
  const first = Math.ceil(left / step) * step
  return Array.from({ length: Math.floor((right - first) / step) + 1 }, (_, index) => {
    const x = first + index * step
    return [x, Number(x.toPrecision(6)).toLocaleString('en-US')] as const
  })
}
