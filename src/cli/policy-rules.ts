import { randomBytes } from 'node:crypto'
import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssayError } from '../errors.ts'
import { parseLpr, parseRulePack, type RuleFile } from '../policy/rule-pack-load.ts'
import {
  approvalsOf,
  type PolicyApproval,
  policyFileOf,
  readActivePolicies,
  readPolicyBytes,
  sha256Of
} from '../serving/active-policy.ts'
import { APPROVERS_NEEDED } from '../serving/approvals.ts'
import {
  approvalsFileOf,
  approvedRulesFolder,
  compileRules,
  RULE_FILE,
  readRuleApprovals,
  readRulesInForce
} from '../serving/rules-in-force.ts'
import { UsageError } from './command.ts'
import { permittedPolicy, policyReading } from './policy-check.ts'

const LPR_FILE = 'lpr-1y.json'
/** Approvals of one file that are kept, the newest. */
const MOST_APPROVALS = 20

export interface RulesContext {
  /** The folder of the policies. */
  readonly folder: URL
  readonly models: URL
  readonly at: string
  readonly print: (line: string) => void
}

/** The rule packs and the LPR in force, and who has approved those that are not of the release. */
export async function listRules({ folder, print }: RulesContext): Promise<void> {
  const approvals = await readRuleApprovals(folder)
  const own = approvedRulesFolder(folder).pathname
  for (const { name, file, bytes } of await readRulesInForce(folder)) {
    const people = approvalsOf(approvals[name] ?? [], sha256Of(bytes)).map(({ approver }) => approver)
    print(`${name}  ${idOf({ name, file, bytes })}  ${file === `${own}${name}` ? people.join(', ') : 'of the release'}`)
  }
}

/**
 * Puts a rule pack or the LPR series in force once two people have approved its very bytes: beside the others and under the
 * policy that decides it must hold. The approval of the first is kept until the second says the same. What it takes the
 * place of is kept in before/.
 *
 * @throws AssayError policy_invalid with the file and every problem; UsageError
 */
export async function activateRules(context: RulesContext, source: URL, approvers: readonly string[]): Promise<void> {
  const { folder, at, print } = context
  const name = basename(fileURLToPath(source))
  if (!RULE_FILE.test(name)) throw new UsageError(`policy rules: ${name} is no name of a file of rules`)
  const bytes = await readPolicyBytes(source)
  const next: RuleFile = { name, file: source.pathname, bytes }
  const [id, sha256] = [idOf(next), sha256Of(bytes)]
  const inForce = await readRulesInForce(folder)
  const old = inForce.find((each) => each.name === name)
  refuseSameVersion(old, next)
  await proveUnder(context, [...inForce.filter((each) => each !== old), next])

  const before = await readText(approvalsFileOf(folder))
  const known = await readRuleApprovals(folder)
  const named = approvers.map((approver) => ({ approver, at, sha256 }))
  const approved = approvalsOf([...(known[name] ?? []), ...named], sha256)
  if (named.length === 0 && approved.length < APPROVERS_NEEDED)
    throw new UsageError(`policy rules: ${APPROVERS_NEEDED} different people must approve ${id}: --approver`)
  const others = (known[name] ?? []).filter((approval) => approval.sha256 !== sha256)
  const approvals = [...others, ...approved].slice(-MOST_APPROVALS)
  await mkdir(new URL('before/', approvedRulesFolder(folder)), { recursive: true })
  if ((await readText(approvalsFileOf(folder))) !== before)
    throw new AssayError('policy_invalid', `${approvalsFileOf(folder).pathname}: somebody changed it meanwhile`)
  await replace(approvalsFileOf(folder), `${JSON.stringify({ ...known, [name]: approvals }, null, 2)}\n`)
  if (approved.length < APPROVERS_NEEDED)
    throw new Error(`${id} waits for the approval of a second person; only ${approved[0]?.approver} has so far`)

  const target = new URL(name, approvedRulesFolder(folder))
  if (old?.file === target.pathname) await copyFile(target, new URL(`before/${sha256Of(old.bytes)}-${name}`, target))
  await replace(target, bytes)
  const from = old === undefined ? null : idOf(old)
  await note(folder, { at, action: 'rules', from, to: id, approvals: approved })
  print(
    `${id} is in force${from === null ? '' : ` instead of ${from}`}, approved by ${approved.map(({ approver }) => approver).join(', ')}`
  )
}

/** id-version@sha256 of a pack, its name and hash of the LPR. */
function idOf({ name, file, bytes }: RuleFile): string {
  if (name !== LPR_FILE) {
    const { pack, id } = parseRulePack(bytes, file)
    if (name === `${pack.id}.json`) return id
    throw new AssayError('policy_invalid', file, {
      problems: [{ field: '/id', problem: `must be ${name.slice(0, -5)}` }]
    })
  }
  parseLpr(bytes, file)
  return `lpr-1y@sha256:${sha256Of(bytes).slice(0, 12)}`
}

/** Decisions name a pack by its version: one version is the same bytes for ever. */
function refuseSameVersion(old: RuleFile | undefined, next: RuleFile): void {
  if (old === undefined || next.name === LPR_FILE || old.bytes.equals(next.bytes)) return
  const version = ({ bytes, file }: RuleFile) => parseRulePack(bytes, file).pack.version
  if (version(old) !== version(next)) return
  const problem = `${version(next)} is in force with other content: a change is another version`
  throw new AssayError('policy_invalid', next.file, { problems: [{ field: '/version', problem }] })
}

async function proveUnder({ folder, models, at }: RulesContext, files: readonly RuleFile[]): Promise<void> {
  const rules = compileRules(files)
  const { featureNames } = await policyReading(folder)
  const { active } = await readActivePolicies(folder)
  await permittedPolicy(policyFileOf(folder, active.policy), models, Date.parse(at), { featureNames, rules })
}

async function readText(file: URL): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

async function replace(file: URL, content: string | Buffer): Promise<void> {
  const part = new URL(`${basename(fileURLToPath(file))}.${process.pid}-${randomBytes(4).toString('hex')}.part`, file)
  try {
    await writeFile(part, content, { flag: 'wx' })
    await rename(part, file)
  } finally {
    await rm(part, { force: true })
  }
}

interface RulesChange {
  readonly at: string
  readonly action: 'rules'
  readonly from: string | null
  readonly to: string
  readonly approvals: readonly PolicyApproval[]
}

async function note(folder: URL, change: RulesChange): Promise<void> {
  await appendFile(new URL('history.ndjson', folder), `${JSON.stringify(change)}\n`)
}
