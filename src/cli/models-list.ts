import { readdir } from 'node:fs/promises'
import { describeError } from '../errors.ts'
import { type ActiveModels, ROLES, type Role } from '../inference/manifest.ts'
import { readActiveModels } from '../inference/model.ts'
import { APPROVERS_NEEDED, validApprovals } from '../serving/approvals.ts'
import { loadVersion } from '../serving/models.ts'

interface Listed {
  readonly role: Role
  readonly version: string
  /** champion, challenger 0.05, shadow 1, previous, or nothing. */
  readonly serves: string
  readonly network: string
  readonly approvers: readonly string[]
  readonly isApproved: boolean
  /** Out of sample, from the card’s measurements. */
  readonly auc: number | null
  readonly notice: string | null
  /** Why it could not be read. */
  readonly problem: string | null
}

const COLUMNS = ['role', 'version', 'serves', 'network', 'auc', 'approved by', 'notice'] as const

/** Every version that is there or that active.json names, one a line; one that cannot be read says why. */
export async function listModels(folder: URL, asJson: boolean, print: (line: string) => void): Promise<void> {
  const active = await readActiveModels(folder)
  const listed: Listed[] = []
  for (const role of ROLES) {
    for (const version of await versionsOf(folder, active, role))
      listed.push(await describe(folder, active, role, version))
  }
  if (asJson) return print(JSON.stringify(listed))
  const rows = [COLUMNS, ...listed.map(cellsOf)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd()
    )
}

async function versionsOf(folder: URL, active: ActiveModels, role: Role): Promise<string[]> {
  const entries = await readdir(new URL(`${role}/`, folder)).catch(() => [])
  const { challenger, shadow } = active.credit
  const beside = role === 'credit' ? [challenger?.version, shadow?.version] : []
  const named = [active[role]?.champion, active[role]?.previous, ...beside].filter((name) => typeof name === 'string')
  const order = new Intl.Collator('en', { numeric: true })
  const there = entries.filter((name) => /^[0-9]+\.[0-9]+\.[0-9]+$/.test(name))
  return [...new Set([...there, ...named])].sort(order.compare)
}

async function describe(folder: URL, active: ActiveModels, role: Role, version: string): Promise<Listed> {
  const known = { role, version, serves: servesAs(active, role, version) }
  try {
    const { manifest } = await loadVersion(folder, role, version)
    const approvers = validApprovals(manifest).map(({ approver }) => approver)
    return {
      ...known,
      network: manifest.files['model.onnx'].slice(0, 12),
      approvers,
      isApproved: approvers.length >= APPROVERS_NEEDED,
      auc: aucOf(manifest.training),
      notice: manifest.notice ?? null,
      problem: null
    }
  } catch (error) {
    const nothing = { network: '', approvers: [], isApproved: false, auc: null, notice: null }
    return { ...known, ...nothing, problem: describeError(error).replace(/\s*\n\s*/g, ' ') }
  }
}

function servesAs(active: ActiveModels, role: Role, version: string): string {
  const { challenger, shadow } = active.credit
  const entry = active[role]
  if (entry?.champion === version) return 'champion'
  if (role === 'credit' && challenger?.version === version) return `challenger ${challenger.share}`
  if (role === 'credit' && shadow?.version === version) return `shadow ${shadow.share}`
  return entry?.previous === version ? 'previous' : '-'
}

function aucOf(training: object): number | null {
  const { metrics } = training as { metrics?: { test?: { auc?: unknown } } }
  return typeof metrics?.test?.auc === 'number' ? metrics.test.auc : null
}

function cellsOf({ role, version, serves, network, auc, approvers, isApproved, notice, problem }: Listed): string[] {
  const some =
    approvers.length === 0 ? 'nobody' : `${approvers.join(', ')} (${approvers.length} of ${APPROVERS_NEEDED})`
  const approved = isApproved ? approvers.join(', ') : some
  return [role, version, serves, network, auc?.toFixed(3) ?? '-', approved, problem ?? notice ?? '']
}
