import { createHash } from 'node:crypto'
import type { Approval, Manifest } from '../inference/manifest.ts'

/** So many different people must have approved a model before it decides. */
export const APPROVERS_NEEDED = 2

/** A manifest as its file has it once the command line wrote it. The pipeline writes numbers otherwise, such as 0.0 for 0. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** What an approval is of: the text of the manifest with empty approvals, and with it every file’s hash. */
function approvedSha256(manifest: Manifest): string {
  return createHash('sha256')
    .update(manifestText({ ...manifest, approvals: [] }))
    .digest('hex')
}

/** The approvals that are of this very manifest, one a person. */
export function validApprovals(manifest: Manifest): Approval[] {
  const sha256 = approvedSha256(manifest)
  const people = new Set<string>()
  return (manifest.approvals ?? []).filter((approval) => {
    const person = personOf(approval.approver)
    if (approval.manifestSha256 !== sha256 || people.has(person)) return false
    people.add(person)
    return true
  })
}

/** The manifest with these approvers added to the valid ones; who has approved already stays as it was. */
export function withApprovers(manifest: Manifest, approvers: readonly string[], at: string): Manifest {
  const approvals = approvers.map((approver) => {
    return { approver: approver.trim(), at, manifestSha256: approvedSha256(manifest) }
  })
  const all = { ...manifest, approvals: [...validApprovals(manifest), ...approvals] }
  return { ...all, approvals: validApprovals(all) }
}

/** The same for two ways to write one name. */
export function personOf(approver: string): string {
  return approver
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
}
