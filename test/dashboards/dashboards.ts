import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Dashboard, Panel, RowPanel, Target, TextPanel } from '../../dashboards/src/grafana.ts'

export const DASHBOARD_FOLDER = new URL('../../dashboards/', import.meta.url)

/** Where rules of Prometheus lie. */
export const RULES_FOLDER = new URL('rules/', DASHBOARD_FOLDER)

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}
export interface RuleFile {
  readonly groups: { readonly name: string; interval?: string; readonly rules: Rule[] }[]
}

/** Files of rules by name. */
export function ruleFiles(): ReadonlyMap<string, RuleFile> {
  const names = readdirSync(RULES_FOLDER).filter((name) => name.endsWith('.yml'))
  return new Map(names.map((name) => [name, parse(readFileSync(new URL(name, RULES_FOLDER), 'utf8')) as RuleFile]))
}

export function allRules(): Rule[] {
  return [...ruleFiles().values()].flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
}

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
  return panels.filter((panel): panel is Panel => panel.type !== 'row' && panel.type !== 'text')
}

export function isRow(panel: Panel | RowPanel | TextPanel): panel is RowPanel {
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
