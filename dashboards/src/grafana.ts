/** The part of Grafana’s classic dashboard JSON that is written here (schema version 42: Grafana 12). */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly schemaVersion: 42
  readonly version: 1
  readonly editable: false
  readonly graphTooltip: 1
  readonly refresh: string
  readonly time: { readonly from: string; readonly to: 'now' }
  readonly timezone: 'browser'
  readonly templating: { readonly list: readonly object[] }
  readonly annotations: { readonly list: readonly object[] }
  readonly links: readonly object[]
  readonly panels: readonly (Panel | RowPanel)[]
}

export interface GridPosition {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export interface Target {
  readonly refId: string
  readonly datasource: typeof DATASOURCE
  readonly expr: string
  readonly legendFormat: string
  readonly editorMode: 'code'
  readonly format: 'time_series' | 'heatmap' | 'table'
  readonly instant: boolean
  readonly range: boolean
}

export interface Panel extends PanelBody {
  readonly id: number
  readonly gridPos: GridPosition
}

/** A panel before it has its place. */
export interface PanelBody {
  readonly type: 'timeseries' | 'stat' | 'heatmap' | 'bargauge' | 'table'
  readonly title: string
  readonly description: string
  readonly datasource: typeof DATASOURCE
  readonly targets: readonly Target[]
  readonly fieldConfig: { readonly defaults: { readonly unit: Unit }; readonly overrides: readonly object[] }
  readonly options: object
  readonly transformations?: readonly object[]
}

export interface RowPanel {
  readonly id: number
  readonly type: 'row'
  readonly title: string
  readonly collapsed: false
  readonly panels: readonly []
  readonly gridPos: GridPosition
}

/** Grafana’s names: seconds, requests a second, things a second, 0–1 shown as per cent, a plain number. */
export type Unit = 's' | 'reqps' | 'cps' | 'percentunit' | 'short' | 'bytes' | 'none'

/** The data source is chosen on the dashboard, so that the same file serves every installation. */
export const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` } as const
