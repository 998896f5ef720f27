import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  type DynamicConfigValue,
  type GridPos,
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping
} from '@grafana/grafana-foundation-sdk/dashboard'
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { DATASOURCE, type PanelLink, type Unit } from './grafana.ts'

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
  /** What it means that there is nothing to show; a panel without it always has an answer while the service runs. */
  readonly whenNone?: string
  /** Lines of the grid, where the usual height of the kind does not suit. */
  readonly height?: number
}

/** From this value on, the colour. */
export interface Step {
  readonly from: number
  readonly colour: string
}

/** A panel that knows its name and how much room it wants; the dashboard gives it its place and its links. */
export interface SizedPanel {
  readonly title: string
  readonly width: number
  readonly height: number
  readonly place: (id: number, gridPos: GridPos, links: readonly PanelLink[]) => Builder<Panel>
}

interface TimeSeriesOptions {
  readonly stacked?: boolean
  /** A line across the panel, with what lies above it in red. */
  readonly limit?: number
  readonly max?: number
}

const TILE_HEIGHT = 4
const CHART_HEIGHT = 8
const LAST = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)

export function timeSeries(spec: PanelSpec & TimeSeriesOptions): SizedPanel {
  const { stacked = false, limit, max } = spec
  const { GraphThresholdsStyleMode: Style, StackingMode: Stacking } = common
  return sized(spec, CHART_HEIGHT, () => {
    const panel = new TimeSeries()
      .lineWidth(1)
      .fillOpacity(stacked ? 60 : 8)
      .showPoints(common.VisibilityMode.Never)
      .spanNulls(false)
      .stacking(new common.StackingConfigBuilder().mode(stacked ? Stacking.Normal : Stacking.None).group('A'))
      .thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(limit === undefined ? Style.Off : Style.LineAndArea)
      )
      .thresholds(thresholds('transparent', limit === undefined ? [] : [{ from: limit, colour: 'red' }]))
      .min(0)
      .legend(
        new common.VizLegendOptionsBuilder()
          .displayMode(common.LegendDisplayMode.Table)
          .placement(common.LegendPlacement.Bottom)
          .showLegend(true)
          .calcs(['lastNotNull', 'max'])
      )
      .tooltip(
        new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending)
      )
    if (max !== undefined) panel.max(max)
    return withQueries(panel, spec, 'range', PromQueryFormat.TimeSeries)
  })
}

interface StatOptions {
  /** The colour below the first step. */
  readonly base?: string
  readonly steps?: readonly Step[]
  /** Words for values: 0 and 1 mean little on a wall. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly colour: string }>>
}

export function stat(spec: PanelSpec & StatOptions): SizedPanel {
  const { base = 'text', steps = [], words, queries } = spec
  const named = words !== undefined || queries.some(({ legend }) => legend.includes('{{'))
  return sized(spec, TILE_HEIGHT, () => {
    const panel = new Stat()
      .min(0)
      .thresholds(thresholds(base, steps))
      .colorMode(common.BigValueColorMode.Value)
      .graphMode(words === undefined ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
      .justifyMode(common.BigValueJustifyMode.Auto)
      .orientation(common.VizOrientation.Auto)
      .textMode(named ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Value)
      .reduceOptions(LAST())
    if (words !== undefined) panel.mappings([mapping(words)])
    return withQueries(panel, spec, 'range', PromQueryFormat.TimeSeries)
  })
}

/** Values as of now or counts over the time shown, as bars. */
export function ranking(spec: PanelSpec & Pick<StatOptions, 'base' | 'steps'>): SizedPanel {
  return sized(spec, CHART_HEIGHT, () => {
    const panel = new BarGauge()
      .min(0)
      .thresholds(thresholds(spec.base ?? 'blue', spec.steps ?? []))
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .orientation(common.VizOrientation.Horizontal)
      .valueMode(common.BarGaugeValueMode.Text)
      .showUnfilled(false)
      .reduceOptions(LAST())
      .legend(new common.VizLegendOptionsBuilder().showLegend(false))
    return withQueries(panel, spec, 'instant', PromQueryFormat.TimeSeries)
  })
}

/** A histogram over time; the darker, the more. The unit is that of the buckets. */
export function heatMap(spec: PanelSpec): SizedPanel {
  return sized(spec, CHART_HEIGHT, () => {
    const colours = new heatmap.HeatmapColorOptionsBuilder()
      .mode(heatmap.HeatmapColorMode.Scheme)
      .scheme('Blues')
      .fill('dark-blue')
      .exponent(0.5)
      .steps(64)
      .reverse(false)
    const panel = new heatmap.PanelBuilder()
      .calculate(false)
      .cellGap(1)
      .cellValues(new heatmap.CellValuesBuilder().unit('short').decimals(0))
      .color(colours)
      .showLegend()
      .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
      .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(true))
      .yAxis(new heatmap.YAxisConfigBuilder().axisPlacement(common.AxisPlacement.Left).unit(spec.unit).reverse(false))
      .scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Linear))
    return withQueries(panel, spec, 'range', PromQueryFormat.Heatmap)
  })
}

/** One line a series: its labels as columns, and its value under the name `value` unless that is left out. */
export function table(
  spec: PanelSpec & Pick<StatOptions, 'words'> & { readonly hidden?: readonly string[]; readonly value?: string }
): SizedPanel {
  const { hidden = [], value, words } = spec
  return sized(spec, CHART_HEIGHT, () => {
    const excludeByName = Object.fromEntries(['Time', '__name__', ...hidden].map((column) => [column, true]))
    const renameByName = value === undefined ? {} : { Value: value, 'Value #A': value }
    const panel = new Table()
      .showHeader(true)
      .cellHeight(common.TableCellHeight.Sm)
      .withTransformation({ id: 'merge', options: {} })
      .withTransformation({ id: 'organize', options: { excludeByName, renameByName } })
    if (words !== undefined) panel.mappings([mapping(words)]).cellOptions(common.defaultTableColorTextCellOptions())
    return withQueries(panel, spec, 'instant', PromQueryFormat.Table)
  })
}

/** What every kind of panel can do. */
interface AnyPanel extends Builder<Panel> {
  id(id: number): this
  title(title: string): this
  description(text: string): this
  datasource(ref: common.DataSourceRef): this
  gridPos(gridPos: GridPos): this
  links(links: Builder<ReturnType<DashboardLinkBuilder['build']>>[]): this
  unit(unit: string): this
  noValue(text: string): this
  withTarget(target: DataqueryBuilder): this
  overrideByName(name: string, properties: DynamicConfigValue[]): this
}

function sized({ title, width, height: own }: PanelSpec, usual: number, make: () => AnyPanel): SizedPanel {
  const height = own ?? usual
  const place: SizedPanel['place'] = (id, gridPos, links) => {
    const panel = make().id(id).gridPos(gridPos)
    if (links.length > 0)
      panel.links(links.map(({ title: text, url }) => new DashboardLinkBuilder(text).url(url).targetBlank(true)))
    return panel
  }
  return { title, width, height, place }
}

function withQueries(panel: AnyPanel, spec: PanelSpec, when: 'range' | 'instant', format: PromQueryFormat): AnyPanel {
  panel.title(spec.title).description(spec.question).datasource(DATASOURCE).unit(spec.unit)
  if (spec.whenNone !== undefined) panel.noValue(spec.whenNone)
  spec.queries.forEach(({ expr, legend }, index) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
      .editorMode(QueryEditorMode.Code)
      .format(format)
    panel.withTarget(when === 'range' ? query.range() : query.instant())
  })
  for (const [name, colour] of Object.entries(spec.colours ?? {}))
    panel.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }])
  return panel
}

function thresholds(base: string, steps: readonly Step[]): ThresholdsConfigBuilder {
  const above = steps.map(({ from, colour }): Threshold => ({ color: colour, value: from }))
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ color: base, value: null }, ...above])
}

function mapping(words: NonNullable<StatOptions['words']>): ValueMapping {
  const options = Object.entries(words).map(([value, { text, colour }], index) => [
    value,
    { text, color: colour, index }
  ])
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) }
}
