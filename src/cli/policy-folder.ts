import { randomBytes } from 'node:crypto'
import { appendFile, copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AssayError } from '../errors.ts'
import { GUARD_FILE } from '../guard/load-guard.ts'
import {
  type ActivePoliciesFile,
  activeFileOf,
  POLICY_NAME,
  type PolicyApproval,
  parseActivePolicies,
  policyFileOf,
  readPolicyBytes,
  sha256Of
} from '../serving/active-policy.ts'
import { type CommandArgs, callerPath, UsageError } from './command.ts'

const POLICIES = new URL('../../policies/', import.meta.url)

/** Whether a file of the folder is a policy: others say which decides, and what the portfolio guard watches. */
export function isPolicyFile(name: string): boolean {
  return name.endsWith('.json') && name !== 'active.json' && name !== GUARD_FILE
}

/** The folder of --policies, else of POLICIES_DIR as the gateway has it, else of the release. */
export function policiesFolder({ values, env }: Pick<CommandArgs, 'values' | 'env'>): URL {
  const named = typeof values.policies === 'string' ? values.policies : (env.POLICIES_DIR ?? '')
  return named === '' ? POLICIES : pathToFileURL(`${callerPath(named, env)}/`)
}

/** A policy as the caller named it: a path, or the name of a file in the folder. */
export function policyFile(text: string, folder: URL, env: CommandArgs['env']): URL {
  return POLICY_NAME.test(text) && !text.endsWith('.json')
    ? policyFileOf(folder, text)
    : pathToFileURL(callerPath(text, env))
}

/** A line of policies/history.ndjson. */
export interface PolicyChange {
  readonly action: 'approve' | 'activate' | 'rollback' | 'shadow'
  /** Ids, version@sha256. */
  readonly from: string | null
  readonly to: string | null
  readonly share?: number
  readonly approvals?: readonly PolicyApproval[]
}

/** active.json as it was read: a change of it holds only if nobody else changed it meanwhile. */
export interface ReadActive {
  readonly text: string
  readonly file: ActivePoliciesFile
}

/** @throws AssayError policy_invalid */
export async function readActive(folder: URL): Promise<ReadActive> {
  const text = (await readPolicyBytes(activeFileOf(folder))).toString('utf8')
  return { text, file: parseActivePolicies(folder, text) }
}

/**
 * Puts another active.json in the place of the one that was read, whole, and notes it in history.ndjson. A gateway follows
 * within a second.
 *
 * @throws AssayError policy_invalid when somebody else changed it in between; nothing is changed then
 */
export async function changeActive(
  folder: URL,
  before: ReadActive,
  next: ActivePoliciesFile,
  change: PolicyChange & { readonly at: string }
): Promise<void> {
  const file = activeFileOf(folder)
  const part = new URL(`active.json.${process.pid}-${randomBytes(4).toString('hex')}.part`, folder)
  try {
    await writeFile(part, `${JSON.stringify(next, null, 2)}\n`, { flag: 'wx' })
    if ((await readFile(file, 'utf8')) !== before.text)
      throw new AssayError(
        'policy_invalid',
        `${file.pathname}: somebody changed it meanwhile; look at it and try again`
      )
    await rename(part, file)
  } finally {
    await rm(part, { force: true })
  }
  await appendFile(new URL('history.ndjson', folder), `${JSON.stringify(change)}\n`)
}

/**
 * The name of a policy in the folder; a file from elsewhere is copied there under its version. A name that is taken by
 * other bytes is never overwritten: kept decisions name them.
 *
 * @throws UsageError when the name is taken
 */
export async function bringIn(folder: URL, file: URL, version: string): Promise<string> {
  const path = fileURLToPath(file)
  const name = basename(path, '.json')
  if (`${dirname(path)}/` === fileURLToPath(folder)) {
    if (POLICY_NAME.test(name) && path.endsWith('.json')) return name
    throw new UsageError(
      `policy: ${basename(path)} is no name of a policy file: small letters, digits, - and ., then .json`
    )
  }
  const target = policyFileOf(folder, version)
  const part = new URL(`${version}.json.${process.pid}-${randomBytes(4).toString('hex')}.part`, folder)
  try {
    await copyFile(file, part)
    await link(part, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const [own, theirs] = [await readPolicyBytes(file), await readPolicyBytes(target)]
    if (sha256Of(own) !== sha256Of(theirs))
      throw new UsageError(
        `policy: ${target.pathname} is another policy of that version: give the new one a version of its own`
      )
  } finally {
    await rm(part, { force: true })
  }
  return version
}
