import { DATASOURCE, type PanelBody, type Target, type Unit } from './grafana.ts'

export interface Query {
  readonly expr: string
  /** A fixed name or a template such as {{stage}}. */
  readonly legend: string
}

export interface PanelSpec {
  readonly title: string
  /** The question the panel answers, then how to read it and what to do. */
  readonly question: string
  readonly unit: Unit
  readonly queries: readonly Query[]
  /** Of the 24 columns. */
  readonly width: number
  /** Fixed colours by the name of a series. */
  readonly colours?: Readonly<Record<string, string>>
}

/** From this value on, the colour. */
export interface Step {
  readonly from: number
  readonly colour: string
}

/** A panel that knows how much room it wants; the dashboard gives it its place. */
export interface SizedPanel {
  readonly width: number
  readonly height: number
  readonly body: PanelBody
}

interface TimeSeriesOptions {
  readonly stacked?: boolean
  /** A line across the panel, with what lies above it in red. */
  readonly limit?: number
  readonly max?: number
}

const TILE_HEIGHT = 4
const CHART_HEIGHT = 8

export function timeSeries(spec: PanelSpec & TimeSeriesOptions): SizedPanel {
  const { stacked = false, limit, max } = spec
  const custom = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 60 : 8,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: limit === undefined ? 'off' : 'line+area' }
  }
  const steps = limit === undefined ? [] : [{ from: limit, colour: 'red' }]
  const defaults = {
    unit: spec.unit,
    min: 0,
    ...(max === undefined ? {} : { max }),
    custom,
    thresholds: thresholds('transparent', steps)
  }
  const options = {
    legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc' }
  }
  return place(spec, CHART_HEIGHT, { type: 'timeseries', defaults, options, targets: targets(spec, 'range') })
}

interface StatOptions {
  /** The colour below the first step. */
  readonly base?: string
  readonly steps?: readonly Step[]
  /** Words for values: 0 and 1 mean little on a wall. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly colour: string }>>
}

export function stat(spec: PanelSpec & StatOptions): SizedPanel {
  const { base = 'text', steps = [], words } = spec
  const defaults = {
    unit: spec.unit,
    min: 0,
    thresholds: thresholds(base, steps),
    mappings: words === undefined ? [] : [mapping(words)]
  }
  const options = {
    colorMode: 'value',
    graphMode: words === undefined ? 'area' : 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    textMode: words === undefined ? 'value' : 'value_and_name',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }
  }
  return place(spec, TILE_HEIGHT, { type: 'stat', defaults, options, targets: targets(spec, 'range') })
}

/** Counts over the time shown, the largest first. */
export function ranking(spec: PanelSpec): SizedPanel {
  const defaults = { unit: spec.unit, min: 0, thresholds: thresholds('blue', []) }
  const options = {
    displayMode: 'basic',
    orientation: 'horizontal',
    valueMode: 'text',
    showUnfilled: false,
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    legend: { showLegend: false }
  }
  const ranked = { type: 'bargauge', defaults, options, targets: targets(spec, 'instant') } as const
  return place(spec, CHART_HEIGHT, ranked)
}

/** A histogram over time; the darker, the more. The unit is that of the buckets. */
export function heatMap(spec: PanelSpec): SizedPanel {
  const defaults = { unit: spec.unit, custom: { scaleDistribution: { type: 'linear' } } }
  const options = {
    calculate: false,
    cellGap: 1,
    cellValues: { unit: 'short', decimals: 0 },
    color: { mode: 'scheme', scheme: 'Blues', fill: 'dark-blue', exponent: 0.5, steps: 64, reverse: false },
    legend: { show: true },
    rowsFrame: { layout: 'auto' },
    tooltip: { mode: 'single', yHistogram: true },
    yAxis: { axisPlacement: 'left', unit: spec.unit, reverse: false }
  }
  return place(spec, CHART_HEIGHT, { type: 'heatmap', defaults, options, targets: targets(spec, 'range', 'heatmap') })
}

/** One line a series, its labels as columns. */
export function table(spec: PanelSpec & { readonly hidden: readonly string[] }): SizedPanel {
  const options = { showHeader: true, cellHeight: 'sm' }
  const excludeByName = Object.fromEntries(['Time', '__name__', ...spec.hidden].map((column) => [column, true]))
  return place(spec, CHART_HEIGHT, {
    type: 'table',
    defaults: { unit: spec.unit },
    options,
    targets: targets(spec, 'instant', 'table'),
    transformations: [
      { id: 'merge', options: {} },
      { id: 'organize', options: { excludeByName } }
    ]
  })
}

interface Looks {
  readonly type: PanelBody['type']
  readonly defaults: { readonly unit: Unit }
  readonly options: object
  readonly targets: readonly Target[]
  readonly transformations?: readonly object[]
}

function place(spec: PanelSpec, height: number, { defaults, ...looks }: Looks): SizedPanel {
  const overrides = Object.entries(spec.colours ?? {}).map(([name, colour]) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]
  }))
  const { title, question, width } = spec
  const fieldConfig = { defaults, overrides }
  return { width, height, body: { ...looks, title, description: question, datasource: DATASOURCE, fieldConfig } }
}

function targets(
  { queries }: PanelSpec,
  when: 'range' | 'instant',
  format: Target['format'] = 'time_series'
): Target[] {
  return queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    editorMode: 'code',
    format,
    instant: when === 'instant',
    range: when === 'range'
  }))
}

function thresholds(base: string, steps: readonly Step[]): object {
  const above = steps.map(({ from, colour }) => ({ color: colour, value: from }))
  return { mode: 'absolute', steps: [{ color: base, value: null }, ...above] }
}

function mapping(words: NonNullable<StatOptions['words']>): object {
  const options = Object.entries(words).map(([value, { text, colour }], index) => [
    value,
    { text, color: colour, index }
  ])
  return { type: 'value', options: Object.fromEntries(options) }
}
