import { pathToFileURL } from 'node:url'
import { systemClock } from '../clock.ts'
import { AssayError, describeError } from '../errors.ts'
import { ROLES, type Role } from '../inference/manifest.ts'
import { readActiveModels, type VerifiedModel } from '../inference/model.ts'
import { loadPolicy } from '../policy/load.ts'
import { policyFileOf, readActivePolicies } from '../serving/active-policy.ts'
import { loadVersion } from '../serving/models.ts'
import { type Command, type CommandArgs, callerPath, UsageError } from './command.ts'
import { approve, change, type ModelsContext, proven, withChampion } from './models-change.ts'
import { listModels } from './models-list.ts'
import { printSwapSet } from './models-swap-set.ts'
import { type ModelCheck, verifyModel } from './models-verify.ts'
import { excludedData, policyReading } from './policy-check.ts'
import { policiesFolder } from './policy-folder.ts'

const MODELS = new URL('../../models/', import.meta.url)

/** bin/assay models: which model decides, proven and approved before it does. */
export const modelsCommand: Command = {
  name: 'models',
  summary: 'List and verify models, change which of them decide, and go back',
  usage: `assay models list [--json]
assay models verify ROLE VERSION                    exit code 1 when something does not hold
assay models activate ROLE VERSION [--approver NAME ...]
assay models rollback ROLE                          to the version before
assay models challenge [credit] VERSION --share 0.05 [--approver NAME ...] | --off
assay models shadow [credit] VERSION --share 1 | --off
assay models swap-set [VERSION] [--json]            who would change sides if the shadow decided

  ROLE         ${ROLES.join(', ')}
  --approver   who has approved this very model: two different people before it decides; it is kept in its manifest
  --share      of the applicants that a credit challenger decides for, of the decisions that a shadow decides again
  --off        ends the challenger or the shadow
  --models     the folder of the models; else MODELS_DIR, as the gateway, or models/ of the release

Every change is checked first (hashes, golden vectors, parity, ranges, scorecard), written to active.json as a whole and noted
in history.ndjson beside it. A running gateway follows within a second, without a restart; when it finds anything wrong, the
models before keep serving and credit_model_activation_failures_total rises.`,
  options: {
    models: { type: 'string' },
    approver: { type: 'string', multiple: true },
    share: { type: 'string' },
    off: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run: async (args) => {
    const { positionals, values, env, print } = args
    const named = typeof values.models === 'string' ? values.models : (env.MODELS_DIR ?? '')
    const folder = named === '' ? MODELS : pathToFileURL(`${callerPath(named, env)}/`)
    const context = { folder, at: new Date(systemClock.nowMs()).toISOString() }
    const [action, ...operands] = positionals
    switch (action) {
      case 'list':
        return listModels(folder, values.json === true, print)
      case 'verify':
        return verify(context, roleOf(operands[0]), versionOf(operands[1]), args)
      case 'activate':
        return activate(context, roleOf(operands[0]), versionOf(operands[1]), args)
      case 'rollback':
        return rollback(context, roleOf(operands[0]), args)
      case 'challenge':
        return beside(context, 'challenger', creditVersion(operands), args)
      case 'shadow':
        return beside(context, 'shadow', creditVersion(operands), args)
      case 'swap-set':
        return printSwapSet(operands[0] === undefined ? undefined : versionOf(operands[0]), args)
      default:
        throw new UsageError(
          `models ${action ?? ''}: say list, verify, activate, rollback, challenge, shadow or swap-set`
        )
    }
  }
}

async function verify(context: ModelsContext, role: Role, version: string, { print }: CommandArgs): Promise<void> {
  const say = ({ name, problem }: ModelCheck) => {
    print(problem === null ? `ok      ${name}` : `FAILED  ${name}: ${problem}`)
    if (problem !== null) process.exitCode = 1
  }
  try {
    const model = await loadVersion(context.folder, role, version)
    say({ name: `hashes of ${Object.keys(model.manifest.files).join(', ')}`, problem: null })
    for (const check of await verifyModel(model)) say(check)
  } catch (error) {
    if (!(error instanceof AssayError)) throw error
    say({ name: 'files are what the manifest says', problem: describeError(error) })
  }
}

async function activate(context: ModelsContext, role: Role, version: string, args: CommandArgs): Promise<void> {
  const model = await proven(context, role, version)
  await refuseExcluded(context, role, model, args)
  const named = approversOf(args)
  const { active, from } = await withChampion(context, role, version)
  const isServing = from === version
  if (isServing && named.length === 0) return args.print(`${role} ${version} is what serves already`)
  const approvers = await approve(context, model, named)
  if (isServing) return args.print(`${role} ${version} is what serves already, approved by ${approvers.join(', ')}`)
  await change(context, active, { action: 'activate', role, from, to: version, approvers })
  args.print(`${role} ${version} serves instead of ${from ?? 'none'}, approved by ${approvers.join(', ')}`)
}

async function rollback(context: ModelsContext, role: Role, { print }: CommandArgs): Promise<void> {
  const previous = (await readActiveModels(context.folder))[role]?.previous
  if (!previous) throw new UsageError(`models rollback: nothing served ${role} before`)
  await proven(context, role, previous)
  const { active, from } = await withChampion(context, role, previous)
  await change(context, active, { action: 'rollback', role, from, to: previous })
  print(`${role} ${previous} serves again instead of ${from}`)
}

async function beside(
  context: ModelsContext,
  place: 'challenger' | 'shadow',
  version: string | undefined,
  args: CommandArgs
): Promise<void> {
  const active = await readActiveModels(context.folder)
  const { [place]: before, ...credit } = active.credit
  const action = place === 'shadow' ? 'shadow' : 'challenge'
  const from = before?.version ?? null
  if (args.values.off === true) {
    if (from === null) return args.print(`credit had no ${place}`)
    await change(context, { ...active, credit }, { action, role: 'credit', from, to: null })
    return args.print(`credit has no ${place}`)
  }
  const [to, share] = [versionOf(version), shareOf(args)]
  if (to === credit.champion) throw new UsageError(`models ${action}: ${to} is the champion itself`)
  const model = await proven(context, 'credit', to)
  if (place === 'challenger') await refuseExcluded(context, 'credit', model, args)
  // A shadow decides nothing about anybody.
  const approvers = place === 'shadow' ? [] : await approve(context, model, approversOf(args))
  // Proving takes seconds: somebody may have changed the champion meanwhile.
  const now = await readActiveModels(context.folder)
  const changed = { ...now, credit: { ...now.credit, [place]: { version: to, share } } }
  await change(context, changed, { action, role: 'credit', from, to, share, approvers })
  args.print(`credit ${to} is ${place} with a share of ${share}`)
}

/**
 * A model that asks for data which the rules of a product exclude does not decide under the policy in force.
 *
 * @throws AssayError model_invalid with every such datum
 */
async function refuseExcluded(
  { folder, at }: ModelsContext,
  role: Role,
  model: VerifiedModel,
  args: CommandArgs
): Promise<void> {
  const policies = policiesFolder(args)
  const { active } = await readActivePolicies(policies)
  const { featureNames, rules } = await policyReading(policies)
  const loaded = await loadPolicy(policyFileOf(policies, active.policy), featureNames, rules)
  const { credit, fraud } = await readActiveModels(folder)
  const [byCredit, byFraud] = await Promise.all([
    role === 'credit' ? model : loadVersion(folder, 'credit', credit.champion),
    role === 'fraud' ? model : fraud && loadVersion(folder, 'fraud', fraud.champion)
  ])
  const problems = excludedData(loaded, byCredit, byFraud, Date.parse(at))
  if (problems.length > 0)
    throw new AssayError('model_invalid', `${role} ${model.manifest.version} under ${loaded.id}`, { problems })
}

/** Only credit has models beside its champion: to name the role is allowed, not needed. */
function creditVersion([first, second]: readonly string[]): string | undefined {
  return first === 'credit' ? second : first
}

function roleOf(text: string | undefined): Role {
  const role = ROLES.find((each) => each === text)
  if (role === undefined) throw new UsageError(`models: ${text ?? 'nothing'} is no role: ${ROLES.join(', ')}`)
  return role
}

function versionOf(text: string | undefined): string {
  if (text !== undefined && /^[0-9]+\.[0-9]+\.[0-9]+$/.test(text)) return text
  throw new UsageError(`models: ${text ?? 'nothing'} is no version, such as 1.1.0`)
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
