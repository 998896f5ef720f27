import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { PanelLink } from './grafana.ts'
import { RUNBOOK_UID, runbookPanels } from './runbook.ts'

const RULES = new URL('../rules/', import.meta.url)

/** An alert: what to do about it, and on which panel to see it. */
interface Alert {
  readonly alert?: string
  readonly annotations?: { readonly runbook: string; readonly dashboard: string; readonly panel: string }
}

const alerts = readdirSync(RULES)
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => {
    const { groups } = parse(readFileSync(new URL(name, RULES), 'utf8')) as { groups: { rules: Alert[] }[] }
    return groups.flatMap(({ rules }) => rules)
  })

/** Links of a panel to the headings of the runbook that its alerts name; the rules are the one place that says which. */
export function runbookLinks(uid: string, panel: string): PanelLink[] {
  const anchors = alerts.flatMap(({ annotations: of }) =>
    of?.dashboard === uid && of.panel === panel ? [of.runbook.replace(/^.*#/, '')] : []
  )
  return [...new Set(anchors)].map((anchor) => {
    const heading = runbookPanels().find((candidate) => candidate.anchor === anchor)
    if (heading === undefined) throw new Error(`${uid}: the runbook has no heading #${anchor}`)
    return { title: `What to do: ${heading.title}`, url: `/d/${RUNBOOK_UID}?viewPanel=${heading.id}` }
  })
}
