import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import { type LoadedPolicy, loadPolicy } from '../policy/load.ts'
import type { EvaluateRules } from '../policy/rule-packs.ts'
import { APPROVERS_NEEDED, personOf } from './approvals.ts'

const strict = { additionalProperties: false } as const
const ACTIVE_FILE = 'active.json'

/** A file of the folder of policies without its .json; active.json itself is none. */
export const POLICY_NAME = /^(?!active$)[a-z0-9][a-z0-9.-]{0,63}$/
const PolicyNameSchema = Type.String({ pattern: POLICY_NAME.source })

export const PolicyApprovalSchema = Type.Object(
  {
    approver: Type.String({ minLength: 2, maxLength: 100 }),
    at: Type.String({ format: 'date-time' }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the bytes that were approved' })
  },
  strict
)
export type PolicyApproval = Static<typeof PolicyApprovalSchema>

const EntrySchema = Type.Object(
  {
    policy: PolicyNameSchema,
    approvals: Type.Array(PolicyApprovalSchema, {
      maxItems: 20,
      description: 'Of these very bytes by two people; empty for what the release ships, which is followed as it is'
    })
  },
  strict
)
export type PolicyEntry = Static<typeof EntrySchema>

/** policies/active.json: which policy decides, which did before, and which is evaluated beside it. */
const ActivePoliciesSchema = Type.Object(
  {
    active: EntrySchema,
    previous: Type.Optional(Type.Union([EntrySchema, Type.Null()], { description: 'Where a rollback goes' })),
    candidate: Type.Optional({ ...EntrySchema, description: 'Approved by fewer than two so far; decides nothing' }),
    shadow: Type.Optional(
      Type.Object(
        { policy: PolicyNameSchema, share: Type.Number({ exclusiveMinimum: 0, maximum: 1 }) },
        { ...strict, description: 'Evaluated for this share of the decisions after they were made' }
      )
    )
  },
  strict
)
export type ActivePoliciesFile = Static<typeof ActivePoliciesSchema>

/** What a policy is checked against. */
export interface PolicyReading {
  readonly featureNames: readonly string[]
  /** Compiled rule packs; a product that names a jurisdiction is not decided without them. */
  readonly rules?: EvaluateRules | undefined
}

/** The policies in force, read and checked. */
export interface ActivePolicies {
  readonly active: LoadedPolicy
  readonly shadow: { readonly loaded: LoadedPolicy; readonly share: number } | undefined
}

const checkActive = compileCheck(ActivePoliciesSchema)

export const activeFileOf = (folder: URL): URL => new URL(ACTIVE_FILE, folder)
export const policyFileOf = (folder: URL, name: string): URL => new URL(`${name}.json`, folder)

/** @throws AssayError policy_invalid that names the file and every problem of it */
export function parseActivePolicies(folder: URL, text: string): ActivePoliciesFile {
  const file = activeFileOf(folder).pathname
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file}: it cannot be read as JSON: ${(cause as Error).message}`, { cause })
  }
  const checked = checkActive(value)
  if (checked.ok) return checked.value
  throw new AssayError('policy_invalid', file, { problems: checked.problems })
}

/** @throws AssayError policy_invalid */
export async function readActivePolicies(folder: URL): Promise<ActivePoliciesFile> {
  return parseActivePolicies(folder, (await readPolicyBytes(activeFileOf(folder))).toString('utf8'))
}

/** @throws AssayError policy_invalid when there is no such file */
export async function readPolicyBytes(file: URL): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file.pathname}: it cannot be read: ${(cause as Error).message}`, {
      cause
    })
  }
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** The approvals that are of these bytes, one a person. */
export function approvalsOf(approvals: readonly PolicyApproval[], sha256: string): PolicyApproval[] {
  const people = new Set<string>()
  return approvals.filter((approval) => {
    const person = personOf(approval.approver)
    if (approval.sha256 !== sha256 || people.has(person)) return false
    people.add(person)
    return true
  })
}

/**
 * The policy of an entry, whose bytes must be those that were approved: a file that was edited afterwards does not decide.
 *
 * @throws AssayError policy_invalid that names the file and what is wrong with it
 */
export async function loadEntry(
  folder: URL,
  { policy, approvals }: PolicyEntry,
  read: PolicyReading
): Promise<LoadedPolicy> {
  const file = policyFileOf(folder, policy)
  const sha256 = sha256Of(await readPolicyBytes(file))
  const loaded = await loadPolicy(file, read.featureNames, read.rules)
  const isApproved = approvals.length === 0 || approvalsOf(approvals, sha256).length >= APPROVERS_NEEDED
  if (isApproved && loaded.id.endsWith(`@sha256:${sha256.slice(0, 12)}`)) return loaded
  throw new AssayError(
    'policy_invalid',
    `${file.pathname}: these bytes are not what ${APPROVERS_NEEDED} people approved (sha256 ${sha256.slice(0, 12)}…): assay policy activate`
  )
}

/**
 * What active.json names. A broken shadow is left out and told: it may not keep the active policy from deciding.
 *
 * @throws AssayError policy_invalid
 */
export async function loadActivePolicies(
  folder: URL,
  read: PolicyReading,
  onShadowFault: (error: unknown) => void
): Promise<ActivePolicies> {
  const { active, shadow } = await readActivePolicies(folder)
  const loaded = await loadEntry(folder, active, read)
  return { active: loaded, shadow: await loadShadow(folder, shadow, read, onShadowFault) }
}

/**
 * The same at a start, when there is no last good one to keep: a broken active file is told, and the policy before it
 * decides.
 *
 * @throws AssayError policy_invalid of the active file when the one before is broken as well, or there is none
 */
export async function loadPoliciesAtStart(
  folder: URL,
  read: PolicyReading,
  onFault: (error: unknown) => void
): Promise<ActivePolicies> {
  const { active, previous, shadow } = await readActivePolicies(folder)
  const load = async (): Promise<LoadedPolicy> => {
    try {
      return await loadEntry(folder, active, read)
    } catch (error) {
      const before = previous && (await loadEntry(folder, previous, read).catch(() => undefined))
      if (!before) throw error
      onFault(error)
      return before
    }
  }
  return { active: await load(), shadow: await loadShadow(folder, shadow, read, onFault) }
}

async function loadShadow(
  folder: URL,
  shadow: ActivePoliciesFile['shadow'],
  read: PolicyReading,
  onFault: (error: unknown) => void
): Promise<ActivePolicies['shadow']> {
  if (shadow === undefined) return undefined
  try {
    return {
      loaded: await loadPolicy(policyFileOf(folder, shadow.policy), read.featureNames, read.rules),
      share: shadow.share
    }
  } catch (error) {
    onFault(error)
    return undefined
  }
}
