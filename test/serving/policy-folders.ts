import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Policy } from '../../src/policy/schema.ts'

export const SHIPPED = new URL('../../policies/', import.meta.url)
export const AT = '2026-11-25T09:00:00.000Z'

const BASELINE = await readFile(new URL('baseline.json', SHIPPED), 'utf8')

/** The shipped policy, a little changed, as the text of a file. */
export function policyText(version: string, change: (policy: Policy) => void = () => {}): string {
  const policy = JSON.parse(BASELINE)
  policy.version = version
  change(policy)
  return JSON.stringify(policy, null, 2)
}

/** Nobody is approved: every decision of it differs from an approval of the shipped one. */
export const strictText = (version: string): string =>
  policyText(version, ({ bands }) => {
    for (const band of bands as { action: string }[]) band.action = 'DECLINE'
  })

/** A folder of the test’s own with the policies `one` and `two`, of which the first decides. */
export async function policiesFolderOf(files: Readonly<Record<string, string>> = {}): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-policies-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const all = { one: policyText('one'), two: policyText('two'), ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, `${name}.json`), text)
  const url = pathToFileURL(`${folder}/`)
  await setActivePolicies(url, { active: { policy: 'one', approvals: [] } })
  return url
}

export async function setActivePolicies(folder: URL, active: object): Promise<void> {
  await writeFile(new URL('active.json', folder), JSON.stringify(active))
}

/** An entry of active.json that two people approved as the file is now. */
export async function approved(folder: URL, policy: string, people = ['Ada Obi', 'Ben Wu']): Promise<object> {
  const bytes = await readFile(new URL(`${policy}.json`, folder))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { policy, approvals: people.map((approver) => ({ approver, at: AT, sha256 })) }
}
