/**
 * Grafana’s dashboard JSON as it is read back from the files, by tests and by the preview. It is written with the Grafana
 * Foundation SDK, whose own types leave queries and options open.
 */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly time: { readonly from: string; readonly to: 'now' }
  readonly annotations?: { readonly list?: readonly { readonly name: string; readonly expr: string }[] }
  readonly templating?: { readonly list?: readonly object[] }
  readonly panels: readonly (Panel | RowPanel | TextPanel)[]
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
  readonly format: 'time_series' | 'heatmap' | 'table'
  readonly instant: boolean
  readonly range: boolean
}

export interface PanelLink {
  readonly title: string
  readonly url: string
}

export interface Panel {
  readonly id: number
  readonly type: 'timeseries' | 'stat' | 'heatmap' | 'bargauge' | 'table'
  readonly title: string
  readonly description: string
  readonly gridPos: GridPosition
  readonly datasource: typeof DATASOURCE
  readonly links?: readonly PanelLink[]
  readonly targets: readonly Target[]
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: Unit
      /** What it means that there is nothing to show. */
      readonly noValue?: string
      readonly min?: number
      readonly max?: number
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] }
      readonly mappings?: readonly { readonly options: Readonly<Record<string, { text: string; color: string }>> }[]
      readonly custom?: {
        readonly stacking?: { readonly mode: 'none' | 'normal' }
        readonly thresholdsStyle?: { readonly mode: string }
      }
    }
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string }
      readonly properties: readonly { readonly id: string; readonly value: unknown }[]
    }[]
  }
  readonly options: object
  readonly transformations?: readonly { readonly id: string; readonly options: object }[]
}

export interface RowPanel {
  readonly id: number
  readonly type: 'row'
  readonly title: string
  readonly gridPos: GridPosition
}

/** Words only: the runbook. */
export interface TextPanel {
  readonly id: number
  readonly type: 'text'
  readonly title: string
  readonly gridPos: GridPosition
  readonly options: { readonly content: string }
}

/** Grafana’s names: seconds, requests a second, things a second, 0–1 shown as per cent, a plain number. */
export type Unit = 's' | 'reqps' | 'cps' | 'percentunit' | 'short' | 'bytes' | 'none'

/** The data source is chosen on the dashboard, so that the same file serves every installation. */
export const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` } as const
