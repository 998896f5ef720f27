import { DATASOURCE, type Dashboard, type Panel, type RowPanel } from './grafana.ts'
import type { SizedPanel } from './panels.ts'

const COLUMNS = 24

/** Panels under one heading, in reading order. */
export interface Section {
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
}

export function dashboard({ uid, title, description, tags, sections, byProduct = true }: DashboardSpec): Dashboard {
  return {
    uid,
    title,
    description,
    tags,
    schemaVersion: 42,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: { list: [datasourceVariable(), ...(byProduct ? [productVariable()] : [])] },
    annotations: { list: [] },
    links: [],
    panels: arrange(sections)
  }
}

/** Left to right, a new line when the next panel does not fit; each section starts on a line of its own. */
function arrange(sections: readonly Section[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = []
  let y = 0
  for (const section of sections) {
    const gridPos = { x: 0, y: y++, w: COLUMNS, h: 1 }
    panels.push({ id: panels.length + 1, type: 'row', title: section.title, collapsed: false, panels: [], gridPos })
    let x = 0
    let lineHeight = 0
    for (const { width, height, body } of section.panels) {
      if (x + width > COLUMNS) {
        y += lineHeight
        x = 0
        lineHeight = 0
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w: width, h: height }, ...body })
      x += width
      lineHeight = Math.max(lineHeight, height)
    }
    y += lineHeight
  }
  return panels
}

function datasourceVariable(): object {
  return { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', hide: 0, refresh: 1 }
}

/** The products there are decisions of; all of them at first. */
function productVariable(): object {
  const query = 'label_values(credit_decisions_total, product)'
  return {
    type: 'query',
    name: 'product',
    label: 'Product',
    datasource: DATASOURCE,
    definition: query,
    query: { query, qryType: 1, refId: 'products' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    hide: 0
  }
}
