import { readdir } from 'node:fs/promises'
import { describeError } from '../errors.ts'
import { loadPolicy } from '../policy/load.ts'
import { approvalsOf, policyFileOf, readActivePolicies, readPolicyBytes, sha256Of } from '../serving/active-policy.ts'
import { APPROVERS_NEEDED } from '../serving/approvals.ts'
import { policyReading } from './policy-check.ts'
import { isPolicyFile } from './policy-folder.ts'

interface ListedPolicy {
  readonly policy: string
  /** version@sha256, as decisions name it; empty where it cannot be read. */
  readonly id: string
  /** active, previous, shadow 0.5, or nothing. */
  readonly place: string
  readonly approvers: readonly string[]
  /** Why it could not be read. */
  readonly problem: string | null
}

/** Every policy of the folder, one a line; one that cannot be read says why. */
export async function listPolicies(folder: URL, asJson: boolean, print: (line: string) => void): Promise<void> {
  const { active, previous, shadow } = await readActivePolicies(folder)
  const entries = [active, ...(previous ? [previous] : [])]
  const files = (await readdir(folder)).filter(isPolicyFile)
  const named = [active.policy, previous?.policy, shadow?.policy].filter((name) => name !== undefined)
  const names = [...new Set([...files.map((name) => name.slice(0, -'.json'.length)), ...named])].sort()
  const listed: ListedPolicy[] = []
  for (const policy of names) {
    const isShadow = shadow?.policy === policy ? `shadow ${shadow.share}` : '-'
    const places = [active.policy === policy && 'active', previous?.policy === policy && 'previous'].filter(Boolean)
    const place = places.length === 0 ? isShadow : places.join(', ')
    const approvals = entries.find((entry) => entry.policy === policy)?.approvals ?? []
    listed.push({ policy, place, ...(await describe(folder, policy, approvals)) })
  }
  if (asJson) return print(JSON.stringify(listed))
  const width = Math.max(...listed.map(({ policy }) => policy.length))
  for (const { policy, id, place, approvers, problem } of listed) {
    const people =
      approvers.length === 0 ? 'nobody' : `${approvers.join(', ')} (${approvers.length} of ${APPROVERS_NEEDED})`
    print(
      problem === null
        ? `${policy.padEnd(width)}  ${place.padEnd(10)}  ${id}  ${people}`
        : `${policy.padEnd(width)}  ${place.padEnd(10)}  ${problem}`
    )
  }
}

async function describe(folder: URL, policy: string, approvals: Parameters<typeof approvalsOf>[0]) {
  const file = policyFileOf(folder, policy)
  try {
    const { featureNames, rules } = await policyReading(folder)
    const { id } = await loadPolicy(file, featureNames, rules)
    const approvers = approvalsOf(approvals, sha256Of(await readPolicyBytes(file))).map(({ approver }) => approver)
    return { id, approvers, problem: null }
  } catch (error) {
    return { id: '', approvers: [], problem: describeError(error).replace(/\s*\n\s*/g, ' ') }
  }
}
