import { createHash } from 'node:crypto'
import type { Approval, Manifest } from '../inference/manifest.ts'

/** So many different people must have approved a model before it decides. */
export const APPROVERS_NEEDED = 2

/** What an approval is of: the manifest without approvals as JSON.stringify writes it, and with it every file’s hash. */
export function approvedSha256(manifest: Manifest): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...manifest, approvals: [] }))
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

function personOf(approver: string): string {
  return approver.trim().toLowerCase().replace(/\s+/g, ' ')
}
