import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const POLICIES = fileURLToPath(new URL('../policies/', import.meta.url))
/**
 * Limits of the portfolio guard for the world of the demo, whose borrowers are as risky as those whom the model was trained on (a
 * fifth goes bad): near enough to what they do for some to be reached when the year turns worse. The book is small, so few loans are enough.
 */
const LIMITS: Readonly<Record<string, { readonly amber: number; readonly red: number }>> = {
  'fpd30-level': { amber: 0.14, red: 0.2 },
  'fpd30-rise': { amber: 0.4, red: 0.8 },
  'over30-mob3-rise': { amber: 0.5, red: 1 },
  'roll-m1-m2-rise': { amber: 0.2, red: 0.4 },
  'over90-share': { amber: 0.2, red: 0.3 }
}
const LEAST_LOANS = 20

/** A copy of the shipped policies, with limits of the guard that fit the demo. */
export async function createDemoPolicies(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-demo-policies-'))
  await cp(POLICIES, folder, { recursive: true })
  const file = join(folder, 'guard.json')
  const guard = JSON.parse(await readFile(file, 'utf8')) as { rules: { id: string }[] }
  const rules = guard.rules.map((rule) => ({
    ...rule,
    ...(LIMITS[rule.id] && { ...LIMITS[rule.id], minCount: LEAST_LOANS })
  }))
  await writeFile(file, JSON.stringify({ ...guard, version: 'guard-demo', rules }, null, 2))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
