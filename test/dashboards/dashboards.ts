import { readdirSync, readFileSync } from 'node:fs'
import type { Dashboard, Panel, RowPanel, Target } from '../../dashboards/src/grafana.ts'

export const DASHBOARD_FOLDER = new URL('../../dashboards/', import.meta.url)

export interface DashboardFile {
  readonly name: string
  readonly text: string
  readonly dashboard: Dashboard
}

/** The dashboards as Grafana reads them: the files, not the code that made them. */
export function dashboardFiles(): DashboardFile[] {
  const names = readdirSync(DASHBOARD_FOLDER).filter((name) => name.endsWith('.json'))
  return names.sort().map((name) => {
    const text = readFileSync(new URL(name, DASHBOARD_FOLDER), 'utf8')
    return { name, text, dashboard: JSON.parse(text) as Dashboard }
  })
}

export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => !isRow(panel))
}

export function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row'
}

/** Every query, with words that say where it stands. */
export function queriesOf({ name, dashboard }: DashboardFile): { readonly where: string; readonly target: Target }[] {
  return panelsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map((target) => ({ where: `${name}, “${title}” ${target.refId}`, target }))
  )
}

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan'])

/** The metrics that a PromQL expression reads: names that are no function, no label, no keyword and no text. */
export function metricNamesIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b\d[\w.]*/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
  const names = bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])/g)
  return [...new Set([...names].map(([name]) => name))].filter((name) => !WORDS.has(name.toLowerCase()))
}
