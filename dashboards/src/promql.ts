import type { METRICS, MetricName } from '../../src/metrics.ts'

type NamesOf<Type> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[MetricName]
type CounterName = NamesOf<'counter'>
type GaugeName = NamesOf<'gauge'>
type HistogramName = NamesOf<'histogram'>

/** A label of the metric itself, or one that Prometheus adds to everything it scrapes. */
type LabelOf<Name extends MetricName> = (typeof METRICS)[Name]['labels'][number] | 'job' | 'instance'

interface Selection<Name extends MetricName> {
  readonly by?: readonly LabelOf<Name>[]
  /** Text is compared, a pattern is matched; text that starts with $ is a dashboard variable and may hold several. */
  readonly where?: { readonly [Label in LabelOf<Name>]?: string | RegExp }
  /** How far back to look; by default four scrapes or one pixel, whichever is longer. */
  readonly over?: string
}

/** What rules record, of dashboards/rules: heavy sums that panels only read. */
export const RECORDED = [
  'assay:approval_share:rate1h',
  'assay:availability_budget_left:ratio30d',
  'assay:latency_budget_left:ratio30d',
  'assay:rule_hits:increase1h',
  'assay:fraud_reasons:rate5m',
  'assay:fraud_reasons:rate1h',
  'assay:score_psi:all1d'
] as const
export type RecordedName = (typeof RECORDED)[number]

/** A recorded sum, as it was `ago`. */
export function recorded(name: RecordedName, ago?: string): string {
  return ago === undefined ? name : `${name} offset ${ago}`
}

const ONE_PIXEL = '$__rate_interval'

/** Of counters: how many a second. */
export function perSecond<Name extends CounterName>(name: Name, selection: Selection<Name> = {}): string {
  return `${sum(selection.by)} (rate(${name}${matchers(selection.where)}[${selection.over ?? ONE_PIXEL}]))`
}

/** Of counters: how many in the time that is shown, in whole numbers: Prometheus estimates up to the edges of the time. */
export function howMany<Name extends CounterName>(name: Name, selection: Selection<Name> = {}): string {
  return `round(${sum(selection.by)} (increase(${name}${matchers(selection.where)}[${selection.over ?? '$__range'}])))`
}

/** Of counters: the part that each value of one label has in the whole. */
export function shareBy<Name extends CounterName>(
  name: Name,
  label: LabelOf<Name>,
  { where, over }: Omit<Selection<Name>, 'by'> = {}
): string {
  const range = { ...(where === undefined ? {} : { where }), ...(over === undefined ? {} : { over }) }
  const part = perSecond(name, { ...range, by: [label] })
  return `${part} / ignoring (${String(label)}) group_left () ${perSecond(name, range)}`
}

/** Of counters: the part that a selection has in another; nothing of the first is a zero. */
export function shareOf<Name extends CounterName>(
  name: Name,
  part: Selection<Name>['where'],
  whole: Selection<Name>['where'] = {}
): string {
  return `${orZero(perSecond(name, { where: { ...whole, ...part } as never }))} / ${perSecond(name, { where: whole })}`
}

export function quantile<Name extends HistogramName>(q: number, name: Name, selection: Selection<Name> = {}): string {
  const by = [...(selection.by ?? []), 'le']
  const range = `${matchers(selection.where)}[${selection.over ?? ONE_PIXEL}]`
  return `histogram_quantile(${q}, ${sum(by)} (rate(${name}_bucket${range})))`
}

export function mean<Name extends HistogramName>(name: Name, selection: Selection<Name> = {}): string {
  const range = `${matchers(selection.where)}[${selection.over ?? ONE_PIXEL}]`
  return `${sum(selection.by)} (rate(${name}_sum${range})) / ${sum(selection.by)} (rate(${name}_count${range}))`
}

/** Of histograms: how many observations fell into each bucket; for heat maps. */
export function distribution<Name extends HistogramName>(name: Name, selection: Selection<Name> = {}): string {
  return `sum by (le) (increase(${name}_bucket${matchers(selection.where)}[${selection.over ?? ONE_PIXEL}]))`
}

/** Of gauges that every replica reports alike, such as the length of a queue: the largest, not the sum. */
export function highest<Name extends GaugeName>(name: Name, selection: Omit<Selection<Name>, 'over'> = {}): string {
  return `max${grouping(selection.by)} (${name}${matchers(selection.where)})`
}

export function lowest<Name extends GaugeName>(name: Name, selection: Omit<Selection<Name>, 'over'> = {}): string {
  return `min${grouping(selection.by)} (${name}${matchers(selection.where)})`
}

/** Of gauges that count something of each replica’s own. */
export function total<Name extends GaugeName>(name: Name, selection: Omit<Selection<Name>, 'over'> = {}): string {
  return `${sum(selection.by)} (${name}${matchers(selection.where)})`
}

/** A counter that was never incremented has no series; on a tile that is a zero, not an absence. */
export function orZero(expression: string): string {
  return `(${expression} or vector(0))`
}

function sum(by: readonly PropertyKey[] | undefined): string {
  return `sum${grouping(by)}`
}

function grouping(by: readonly PropertyKey[] = []): string {
  return by.length === 0 ? '' : ` by (${by.map(String).join(', ')})`
}

function matchers(where: { readonly [label: string]: string | RegExp | undefined } = {}): string {
  const parts = Object.entries(where).map(([label, value]) => {
    if (value instanceof RegExp) return `${label}=~"${value.source}"`
    return `${label}${value?.startsWith('$') ? '=~' : '='}"${value}"`
  })
  return parts.length === 0 ? '' : `{${parts.join(', ')}}`
}
