import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { AssayError, type FieldProblem } from '../../src/errors.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { EvaluateRules } from '../../src/policy/rule-packs.ts'
import { POLICY } from './applying.ts'

/** What is said of a policy file, with the file it is said of; nothing when it is a policy. */
export async function problemsOf(
  policy: object,
  featureNames: readonly string[],
  rules?: EvaluateRules
): Promise<readonly FieldProblem[]> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-policy-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'policy.json')
  await writeFile(file, JSON.stringify(policy))
  try {
    await loadPolicy(pathToFileURL(file), featureNames, rules)
    return []
  } catch (error) {
    if (!(error instanceof AssayError) || error.code !== 'policy_invalid') throw error
    if (!error.message.includes(file)) throw new Error(`the file is not named: ${error.message}`)
    return error.problems ?? []
  }
}

/** The baseline in stages, with these changes. */
export function staged(changes: object = {}): typeof POLICY {
  return { ...POLICY, flow: 'staged', ...changes }
}
