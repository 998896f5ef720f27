import { readdir, readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import { RULE_PACKS } from '../policy/load-rules.ts'
import { parseRuleFiles, type RuleFile, readRuleFiles } from '../policy/rule-pack-load.ts'
import { compileRulePacks, type EvaluateRules } from '../policy/rule-packs.ts'
import { approvalsOf, PolicyApprovalSchema, sha256Of } from './active-policy.ts'
import { APPROVERS_NEEDED } from './approvals.ts'
import { stampOfFile } from './file-stamp.ts'

const APPROVALS = 'approvals.json'

/** A file of rules by its name, without folders. */
export const RULE_FILE = /^(?!approvals\.json$)[a-z0-9][a-z0-9-]{0,63}\.json$/

/** approved-rule-packs/approvals.json: who has approved which bytes of the files beside it. */
const RuleApprovalsSchema = Type.Record(
  Type.String({ pattern: RULE_FILE.source }),
  Type.Array(PolicyApprovalSchema, { maxItems: 20 }),
  { additionalProperties: false }
)
export type RuleApprovals = Static<typeof RuleApprovalsSchema>

const checkApprovals = compileCheck(RuleApprovalsSchema)

/** Files of rules that take the place of those of the release with the same name, or stand beside them. */
export const approvedRulesFolder = (policies: URL): URL => new URL('approved-rule-packs/', policies)
export const approvalsFileOf = (policies: URL): URL => new URL(APPROVALS, approvedRulesFolder(policies))

/** @throws AssayError policy_invalid that names the file */
export async function readRuleApprovals(policies: URL): Promise<RuleApprovals> {
  const file = approvalsFileOf(policies)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file.pathname}: it cannot be read as JSON`, { cause })
  }
  const checked = checkApprovals(value)
  if (checked.ok) return checked.value
  throw new AssayError('policy_invalid', file.pathname, { problems: checked.problems })
}

/**
 * The files of rules in force: those of the release, and in their place or beside them the approved ones, whose bytes must be
 * those that two people approved.
 *
 * @throws AssayError policy_invalid that names the file that nobody approved
 */
export async function readRulesInForce(policies: URL): Promise<RuleFile[]> {
  const folder = approvedRulesFolder(policies)
  const own = await readRuleFiles(folder, (name) => name !== APPROVALS).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const approvals = own.length === 0 ? {} : await readRuleApprovals(policies)
  for (const { name, file, bytes } of own) {
    if (approvalsOf(approvals[name] ?? [], sha256Of(bytes)).length < APPROVERS_NEEDED)
      throw new AssayError(
        'policy_invalid',
        `${file}: these bytes are not what ${APPROVERS_NEEDED} people approved (sha256 ${sha256Of(bytes).slice(0, 12)}…): assay policy rules`
      )
  }
  const shipped = (await readRuleFiles(RULE_PACKS)).filter(({ name }) => !own.some((other) => other.name === name))
  return [...shipped, ...own].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/**
 * Reads the rules in force each time it is asked; the same bytes are the same evaluator.
 *
 * @throws AssayError policy_invalid with the file and every problem found
 */
export function createRulesInForce(policies: URL): () => Promise<EvaluateRules> {
  let known: { readonly id: string; readonly rules: EvaluateRules } | undefined
  return async () => {
    const files = await readRulesInForce(policies)
    const id = files.map(({ name, bytes }) => `${name} ${sha256Of(bytes)}`).join('\n')
    if (known?.id !== id) known = { id, rules: compileRules(files) }
    return known.rules
  }
}

export function compileRules(files: readonly RuleFile[]): EvaluateRules {
  const { packs, lpr } = parseRuleFiles(files)
  return compileRulePacks(packs, lpr)
}

/** Changes whenever an approved file of rules or its approvals do. Never throws. */
export async function stampOfRules(policies: URL): Promise<string> {
  const folder = approvedRulesFolder(policies)
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
  const stamps = await Promise.all(names.map(async (name) => `${name} ${await stampOfFile(new URL(name, folder))}`))
  return stamps.join('\n')
}
