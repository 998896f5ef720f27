import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort
} from '@grafana/grafana-foundation-sdk/dashboard'
import { runbookLinks } from './alert-links.ts'
import { DATASOURCE, type Dashboard } from './grafana.ts'
import type { SizedPanel } from './panels.ts'

const COLUMNS = 24

/** Panels under one heading, in reading order. */
export interface Section {
  /** A question that its panels answer together. */
  readonly title: string
  readonly panels: readonly SizedPanel[]
}

export interface DashboardSpec {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly sections: readonly Section[]
  /** Whether its queries ask for $product; so by default. */
  readonly byProduct?: boolean
  /** How far back it shows at first. */
  readonly from?: string
  readonly refresh?: string
}

/** A dashboard as its file holds it. Panels that an alert names carry a link to what to do about it. */
export function dashboard(spec: DashboardSpec): Dashboard {
  const { uid, title, description, tags, sections, byProduct = true, from = 'now-1h', refresh = '10s' } = spec
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([...tags])
    .version(1)
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh(refresh)
    .time({ from, to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Assay')
        .type(DashboardLinkType.Dashboards)
        .tags(['assay'])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true)
    )
  for (const change of CHANGES) builder.annotation(change())
  if (byProduct) builder.withVariable(productVariable())
  arrange(builder, uid, sections)
  // Through JSON: what is undefined is not in the file.
  return JSON.parse(JSON.stringify(builder.build())) as Dashboard
}

/** Lines across every panel where something was changed: the first thing to ask of a step. */
const CHANGES = [
  () => changeOf('Model changed', 'blue', 'max by (model, version) (credit_model_info)', '{{model}} {{version}}'),
  () => changeOf('Policy changed', 'purple', 'max by (place, version) (credit_policy_info)', '{{place}}: {{version}}')
]

/** What is there now and was not a minute ago. */
function changeOf(name: string, colour: string, info: string, title: string): AnnotationQueryBuilder {
  const before = info.replace(/\((credit_\w+)\)/, '($1 offset 1m)')
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(`${info} unless ${before}`)
    .step('1m')
    .titleFormat(name)
    .textFormat(title)
}

/** Left to right, a new line when the next panel does not fit; each section starts on a line of its own. */
function arrange(builder: DashboardBuilder, uid: string, sections: readonly Section[]): void {
  let id = 0
  let y = 0
  for (const section of sections) {
    const row = new RowBuilder(section.title).id(++id).collapsed(false)
    builder.withRow(row.gridPos({ x: 0, y: y++, w: COLUMNS, h: 1 }))
    let x = 0
    let lineHeight = 0
    for (const { title, width, height, place } of section.panels) {
      if (x + width > COLUMNS) {
        y += lineHeight
        x = 0
        lineHeight = 0
      }
      builder.withPanel(place(++id, { x, y, w: width, h: height }, runbookLinks(uid, title)))
      x += width
      lineHeight = Math.max(lineHeight, height)
    }
    y += lineHeight
  }
}

/** The products there are decisions of; all of them at first. */
function productVariable(): QueryVariableBuilder {
  const query = 'label_values(credit_decisions_total, product)'
  return new QueryVariableBuilder('product')
    .label('Product')
    .datasource(DATASOURCE)
    .definition(query)
    .query({ query, qryType: 1, refId: 'products' })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] })
}
