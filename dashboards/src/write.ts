import { readFile, writeFile } from 'node:fs/promises'
import { decisions } from './decisions.ts'
import { fraud } from './fraud.ts'
import type { Dashboard } from './grafana.ts'
import { modelHealth } from './model-health.ts'
import { portfolio } from './portfolio.ts'
import { postLoan } from './post-loan.ts'
import { risk } from './risk.ts'
import { runbook } from './runbook.ts'
import { service } from './service.ts'

/** Every dashboard by its file, beside this folder. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'decisions.json': decisions,
  'risk.json': risk,
  'fraud.json': fraud,
  'portfolio.json': portfolio,
  'post-loan.json': postLoan,
  'model-health.json': modelHealth,
  'service.json': service,
  'runbook.json': runbook()
}

/** What the file holds: one line a field, so that a change can be read as a diff. */
export function toJson(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`
}

/** `npm run dashboards` writes the files that have changed. */
if (import.meta.main) {
  for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
    const file = new URL(`../${name}`, import.meta.url)
    const text = toJson(dashboard)
    const changed = (await readFile(file, 'utf8').catch(() => '')) !== text
    if (changed) await writeFile(file, text)
    process.stdout.write(`dashboards/${name}: ${changed ? 'written' : 'unchanged'}\n`)
  }
}
