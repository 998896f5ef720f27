import { readFileSync } from 'node:fs'
import { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text'
import type { Dashboard } from './grafana.ts'

export const RUNBOOK_UID = 'assay-runbook'
const FILE = new URL('../../docs/runbook.md', import.meta.url)
const [WIDTH, LINE_CHARACTERS, LEAST_HEIGHT] = [12, 90, 5]

interface RunbookPanel {
  /** From 1, in the order of the headings. */
  readonly id: number
  readonly title: string
  /** As links name the heading. */
  readonly anchor: string
  readonly text: string
}

/** Headings of docs/runbook.md, each a panel: whoever comes from an alert finds what to do without leaving Grafana. */
export function runbookPanels(): RunbookPanel[] {
  return readFileSync(FILE, 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((part, index) => {
      const [title = '', ...lines] = part.replace(/^# Alerts[\s\S]*$/m, '').split('\n')
      return { id: index + 1, title, anchor: anchorOf(title), text: lines.join('\n').trim() }
    })
}

export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

export function runbook(): Dashboard {
  const panels = runbookPanels()
  const builder = new DashboardBuilder('Assay: what to do')
    .uid(RUNBOOK_UID)
    .description('docs/runbook.md: what to do when an alert fires, in the order in which to do it.')
    .tags(['assay', 'runbook'])
    .version(1)
    .readonly()
  const bottoms: [left: number, right: number] = [0, 0]
  for (const { id, title, text } of panels) {
    const column = bottoms[0] <= bottoms[1] ? 0 : 1
    const gridPos = { x: column * WIDTH, y: bottoms[column], w: WIDTH, h: heightOf(text) }
    bottoms[column] += gridPos.h
    const content = linked(text, panels)
    builder.withPanel(new PanelBuilder().id(id).title(title).gridPos(gridPos).mode(TextMode.Markdown).content(content))
  }
  return JSON.parse(JSON.stringify(builder.build())) as Dashboard
}

/** Links between headings lead to their panels; those to other pages of docs/ have no address in Grafana and become text. */
function linked(text: string, panels: readonly RunbookPanel[]): string {
  return text.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_whole, words: string, target: string) => {
    const panel = panels.find(({ anchor }) => target === `#${anchor}`)
    if (panel !== undefined) return `[${words}](/d/${RUNBOOK_UID}?viewPanel=${panel.id})`
    return `${words} (docs/${target.replace(/^\.\.\//, '')})`
  })
}

function heightOf(text: string): number {
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE_CHARACTERS)), 0)
  return Math.max(LEAST_HEIGHT, Math.ceil(lines * 0.8) + 2)
}
