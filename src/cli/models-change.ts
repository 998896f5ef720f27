import { appendFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { AssayError } from '../errors.ts'
import type { ActiveModels, Role } from '../inference/manifest.ts'
import { modelFolder, readActiveModels, type VerifiedModel } from '../inference/model.ts'
import { APPROVERS_NEEDED, manifestText, validApprovals, withApprovers } from '../serving/approvals.ts'
import { loadVersion } from '../serving/models.ts'
import { verifyModel } from './models-verify.ts'
import { writeFiles } from './output.ts'

export interface ModelsContext {
  readonly folder: URL
  readonly at: string
}

/** A line of models/history.ndjson. */
export interface Change {
  readonly action: 'activate' | 'rollback' | 'challenge' | 'shadow'
  readonly role: Role
  readonly from: string | null
  readonly to: string | null
  readonly share?: number
  readonly approvers?: readonly string[]
}

/**
 * Loads a version and proves it.
 *
 * @throws AssayError model_invalid that names each check that failed
 */
export async function proven({ folder }: ModelsContext, role: Role, version: string): Promise<VerifiedModel> {
  const model = await loadVersion(folder, role, version)
  const failed = (await verifyModel(model)).filter(({ problem }) => problem !== null)
  if (failed.length === 0) return model
  const problems = failed.map(({ name, problem }) => ({ field: name, problem: problem ?? '' }))
  throw new AssayError('model_invalid', `${role} ${version} does not hold`, { problems })
}

/**
 * Adds these approvers to the model’s manifest, whether they are enough or not: the second may come later, from another
 * desk. All who have approved it.
 *
 * @throws AssayError model_invalid when fewer than two different people have
 */
export async function approve(
  { folder, at }: ModelsContext,
  { manifest }: VerifiedModel,
  approvers: readonly string[]
): Promise<string[]> {
  const approved = withApprovers(manifest, approvers, at)
  const names = validApprovals(approved).map(({ approver }) => approver)
  const isNew = names.length > validApprovals(manifest).length
  const file = new URL('manifest.json', modelFolder(folder, manifest.name, manifest.version))
  if (isNew) await writeText(file, manifestText(approved))
  if (names.length < APPROVERS_NEEDED) {
    const has = names.length === 0 ? 'nobody has approved it' : `only ${names.join(', ')} has approved it`
    throw new AssayError(
      'model_invalid',
      `${manifest.name} ${manifest.version}: ${has}, and ${APPROVERS_NEEDED} people must: name them with --approver`
    )
  }
  return names
}

/** Writes active.json whole, then the line that tells of it. A gateway that runs follows within a second. */
export async function change(context: ModelsContext, active: ActiveModels, line: Change): Promise<void> {
  await writeText(new URL('active.json', context.folder), `${JSON.stringify(active, null, 2)}\n`)
  await appendFile(new URL('history.ndjson', context.folder), `${JSON.stringify({ at: context.at, ...line })}\n`)
}

/** The same with another champion; what ran beside the old one under the new one’s version is over. */
export async function withChampion(
  { folder }: ModelsContext,
  role: Role,
  version: string
): Promise<{ readonly active: ActiveModels; readonly from: string | null }> {
  const active = await readActiveModels(folder)
  const entry = active[role]
  const from = entry?.champion ?? null
  const beside = Object.entries(role === 'credit' ? active.credit : {}).filter(
    ([, value]) => typeof value === 'object' && value !== null && value.version !== version
  )
  return { active: { ...active, [role]: { champion: version, previous: from, ...Object.fromEntries(beside) } }, from }
}

async function writeText(file: URL, text: string): Promise<void> {
  await writeFiles([fileURLToPath(file)], async ([output]) => {
    await output?.write(text)
  })
}
