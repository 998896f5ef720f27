import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../clock.ts'
import { AssayError } from '../errors.ts'
import { loadPolicy } from '../policy/load.ts'
import { approvalsOf, loadEntry, policyFileOf, readPolicyBytes, sha256Of } from '../serving/active-policy.ts'
import { APPROVERS_NEEDED } from '../serving/approvals.ts'
import { type Command, type CommandArgs, callerPath, UsageError } from './command.ts'
import { checkPolicy, permittedPolicy, policyReading, provenPolicy } from './policy-check.ts'
import { describeDifference, diffPolicies } from './policy-diff.ts'
import { bringIn, changeActive, policiesFolder, policyFile, readActive } from './policy-folder.ts'
import { listPolicies } from './policy-list.ts'
import { printPolicyReport } from './policy-report.ts'
import { activateRules, listRules } from './policy-rules.ts'

const MODELS = new URL('../../models/', import.meta.url)
/** What an action takes beside --policies and --models; what it does not take may be meant for something else. */
const ACTIONS: Readonly<Record<string, { readonly options: readonly string[]; readonly mostOperands: number }>> = {
  list: { options: ['json'], mostOperands: 0 },
  check: { options: ['json'], mostOperands: Number.POSITIVE_INFINITY },
  diff: { options: ['json'], mostOperands: 2 },
  activate: { options: ['approver'], mostOperands: 1 },
  rollback: { options: [], mostOperands: 0 },
  shadow: { options: ['share', 'off', 'report', 'json'], mostOperands: 1 },
  rules: { options: ['approver'], mostOperands: 1 }
}
const COMMON_OPTIONS = ['policies', 'models']

/** bin/assay policy: which policy decides, checked and approved before it does. */
export const policyCommand: Command = {
  name: 'policy',
  summary: 'Check and compare policies, change which one decides, go back, and try one beside it',
  usage: `assay policy list [--json]
assay policy check FILE ... [--json]                exit code 1 when something does not hold
assay policy diff A B [--json]                      what differs, by path
assay policy activate FILE --approver NAME --approver NAME
assay policy rollback                               to the policy before
assay policy shadow FILE --share 1 | --off
assay policy shadow --report [VERSION] [--json]     who would change sides if the candidate decided
assay policy rules [FILE --approver NAME ...]       the rule packs and the LPR in force; puts another one in force

  FILE         a path, or the name of a policy in the folder; a file from elsewhere is copied there under its version
  --approver   who has approved these very bytes: two different people; kept in active.json with their hash
  --share      of the decisions that the candidate makes again, above 0, at most 1
  --off        ends the shadow
  --policies   the folder of the policies; else POLICIES_DIR, as the gateway, or policies/ of the release
  --models     the folder of the models that a policy must fit; else MODELS_DIR, or models/ of the release

Every change is checked first, written to active.json as a whole and noted in history.ndjson beside it. A running gateway
follows within a second, without a restart; when it finds anything wrong, the last good policy keeps deciding and
credit_policy_reload_failures_total rises.`,
  options: {
    policies: { type: 'string' },
    models: { type: 'string' },
    approver: { type: 'string', multiple: true },
    share: { type: 'string' },
    off: { type: 'boolean' },
    report: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run: async (args) => {
    const { positionals, values, env, print } = args
    const [action = '', ...operands] = positionals
    refuseForeign(action, operands, Object.keys(values))
    const named = typeof values.models === 'string' ? values.models : (env.MODELS_DIR ?? '')
    const context: PolicyContext = {
      ...args,
      folder: policiesFolder(args),
      models: named === '' ? MODELS : pathToFileURL(`${callerPath(named, env)}/`),
      at: new Date(systemClock.nowMs()).toISOString()
    }
    switch (action) {
      case 'list':
        return listPolicies(context.folder, values.json === true, print)
      case 'check':
        return check(context, operands)
      case 'diff':
        return diff(context, operands)
      case 'activate':
        return activate(context, fileOf(context, operands[0]))
      case 'rollback':
        return rollback(context)
      case 'shadow':
        return values.report === true ? printPolicyReport(operands[0], args) : shadow(context, operands[0])
      case 'rules':
        return operands[0] === undefined
          ? listRules(context)
          : activateRules(context, pathToFileURL(callerPath(operands[0], env)), approversOf(context))
    }
  }
}

function refuseForeign(action: string, operands: readonly string[], options: readonly string[]): void {
  const takes = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (takes === undefined) throw new UsageError(`policy ${action}: say ${Object.keys(ACTIONS).join(', ')}`)
  const foreign = options.filter((option) => ![...COMMON_OPTIONS, ...takes.options].includes(option))
  if (foreign.length > 0) throw new UsageError(`policy ${action} takes no --${foreign.join(', --')}`)
  const surplus = operands.slice(takes.mostOperands)
  if (surplus.length > 0) throw new UsageError(`policy ${action} takes no ${surplus.join(' ')}`)
}

interface PolicyContext extends CommandArgs {
  readonly folder: URL
  readonly models: URL
  readonly at: string
}

async function check(context: PolicyContext, operands: readonly string[]): Promise<void> {
  if (operands.length === 0) throw new UsageError('policy check: name a policy file')
  for (const operand of operands) {
    const file = fileOf(context, operand)
    const checked = await checkPolicy(file, context.models, Date.parse(context.at), await policyReading(context.folder))
    const problems = checked.ok ? [] : checked.problems
    if (problems.length > 0) process.exitCode = 1
    if (context.values.json === true) {
      context.print(JSON.stringify({ file: file.pathname, id: checked.ok ? checked.loaded.id : null, problems }))
    } else if (checked.ok) context.print(`ok      ${file.pathname}: ${checked.loaded.id}`)
    else for (const { field, problem } of problems) context.print(`FAILED  ${file.pathname}: ${field}: ${problem}`)
  }
}

async function diff(context: PolicyContext, [first, second]: readonly string[]): Promise<void> {
  const read = async (operand: string | undefined) => {
    const file = fileOf(context, operand)
    try {
      return JSON.parse(await readFile(file, 'utf8'))
    } catch (cause) {
      throw new AssayError('policy_invalid', `${file.pathname}: ${(cause as Error).message}`, { cause })
    }
  }
  const differences = diffPolicies(await read(first), await read(second))
  if (context.values.json === true) return context.print(JSON.stringify(differences))
  if (differences.length === 0) return context.print('the two say the same')
  for (const difference of differences) context.print(describeDifference(difference))
}

async function activate(context: PolicyContext, file: URL): Promise<void> {
  const { folder, at, print } = context
  const before = await readActive(folder)
  const { id, policy } = await permittedPolicy(file, context.models, Date.parse(at), await policyReading(folder))
  const sha256 = sha256Of(await readPolicyBytes(file))
  const { active, candidate, shadow } = before.file
  const named = approversOf(context).map((approver) => ({ approver, at, sha256 }))
  // Of these very bytes: an approval of what the file was before counts for nothing.
  const approvals = approvalsOf([...(candidate?.approvals ?? []), ...named], sha256)
  if (named.length === 0 && approvals.length < APPROVERS_NEEDED) throw notApproved(id)
  const name = await bringIn(folder, file, policy.version)
  const entry = { policy: name, approvals }
  if (approvals.length < APPROVERS_NEEDED) {
    const change = { at, action: 'approve', from: null, to: id, approvals } as const
    await changeActive(folder, before, { ...before.file, candidate: entry }, change)
    throw new Error(`${id} waits for the approval of a second person; only ${approvals[0]?.approver} has so far`)
  }
  // What is in the folder now is what two people approved, or it does not decide.
  await loadEntry(folder, entry, await policyReading(folder))
  const isSame = active.policy === name
  const next = {
    active: entry,
    previous: isSame ? (before.file.previous ?? null) : active,
    // What decides need not be tried beside itself.
    ...(shadow !== undefined && shadow.policy !== name && { shadow }),
    ...(candidate !== undefined && candidate.policy !== name && { candidate })
  }
  const from = await idOf(folder, active.policy)
  await changeActive(folder, before, next, { at, action: 'activate', from, to: id, approvals })
  const people = approvals.map(({ approver }) => approver).join(', ')
  print(`${id} decides${isSame ? '' : ` instead of ${from ?? active.policy}`}, approved by ${people}`)
}

/** Nobody is named. Where the first of two people is, what they said is kept: the second may say it later, from another desk. */
function notApproved(id: string): UsageError {
  return new UsageError(
    `policy activate: ${APPROVERS_NEEDED} different people must approve ${id}: name them with --approver`
  )
}

async function rollback({ folder, models, at, print }: PolicyContext): Promise<void> {
  const before = await readActive(folder)
  const { active, previous, shadow, candidate } = before.file
  if (!previous) throw new UsageError('policy rollback: no policy decided before')
  const { id } = await loadEntry(folder, previous, await policyReading(folder))
  await provenPolicy(policyFileOf(folder, previous.policy), models, await policyReading(folder))
  const from = await idOf(folder, active.policy)
  const next = {
    active: previous,
    previous: active,
    ...(shadow && shadow.policy !== previous.policy && { shadow }),
    ...(candidate && { candidate })
  }
  await changeActive(folder, before, next, { at, action: 'rollback', from, to: id })
  print(`${id} decides again instead of ${from ?? active.policy}`)
}

async function shadow(context: PolicyContext, operand: string | undefined): Promise<void> {
  const { folder, models, at, values, print } = context
  const before = await readActive(folder)
  const { shadow: old, ...rest } = before.file
  const from = old === undefined ? null : await idOf(folder, old.policy)
  if (values.off === true) {
    if (old === undefined) return print('there was no shadow')
    await changeActive(folder, before, rest, { at, action: 'shadow', from, to: null })
    return print('there is no shadow')
  }
  const share = shareOf(context)
  const file = fileOf(context, operand)
  const { id, policy } = await permittedPolicy(file, models, Date.parse(at), await policyReading(folder))
  const name = await bringIn(folder, file, policy.version)
  if (name === rest.active.policy) throw new UsageError(`policy shadow: ${name} is what decides`)
  await changeActive(
    folder,
    before,
    { ...rest, shadow: { policy: name, share } },
    { at, action: 'shadow', from, to: id, share }
  )
  print(`${id} is evaluated beside ${rest.active.policy} for a share of ${share}`)
}

/** Null where the file is broken: that is why it is being replaced. */
async function idOf(folder: URL, policy: string): Promise<string | null> {
  const { featureNames, rules } = await policyReading(folder)
  const loaded = await loadPolicy(policyFileOf(folder, policy), featureNames, rules).catch(() => null)
  return loaded?.id ?? null
}

function fileOf({ folder, env }: PolicyContext, operand: string | undefined): URL {
  if (operand === undefined || operand === '') throw new UsageError('policy: name a policy file')
  return policyFile(operand, folder, env)
}

function shareOf({ values: { share } }: CommandArgs): number {
  const value = typeof share === 'string' ? Number(share) : Number.NaN
  if (value > 0 && value <= 1) return value
  throw new UsageError('--share takes a number above 0, at most 1')
}

function approversOf({ values: { approver } }: CommandArgs): string[] {
  const names = Array.isArray(approver) ? approver.map((name) => String(name).trim()) : []
  if (names.length > 10 || names.some((name) => name.length < 2 || name.length > 100))
    throw new UsageError('--approver takes a name of 2 to 100 characters, ten times at most')
  return names
}
