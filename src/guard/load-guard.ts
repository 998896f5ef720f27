import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { compileCheck } from '../domain/check.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import { type GuardPolicy, GuardPolicySchema } from './guard-schema.ts'

export const GUARD_FILE = 'guard.json'

export interface LoadedGuard {
  readonly policy: GuardPolicy
  /** version@sha256 of the file. */
  readonly id: string
}

const check = compileCheck(GuardPolicySchema)

/** @throws AssayError policy_invalid with the file and every problem found */
export async function loadGuard(folder: URL): Promise<LoadedGuard> {
  const file = new URL(GUARD_FILE, folder)
  let bytes: Buffer
  let value: unknown
  try {
    bytes = await readFile(file)
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file.pathname}: it cannot be read as JSON`, { cause })
  }
  const checked = check(value)
  const problems = checked.ok ? findContradictions(checked.value) : checked.problems
  if (!checked.ok || problems.length > 0) throw new AssayError('policy_invalid', file.pathname, { problems })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { policy: checked.value, id: `${checked.value.version}@sha256:${sha256.slice(0, 12)}` }
}

/** What no schema can say. */
export function findContradictions({ rules, netAssetsMinor }: GuardPolicy): FieldProblem[] {
  const problems: FieldProblem[] = []
  const say = (field: string, problem: string) => problems.push({ field, problem })
  for (const [index, { id, measure, amber, red, action }] of rules.entries()) {
    const field = `/rules/${index}`
    if (rules.findIndex((rule) => rule.id === id) !== index) say(`${field}/id`, `two rules are called ${id}`)
    if (amber > red) say(`${field}/amber`, 'is above red: it would act before it tells')
    if (measure === 'borrower_share' && netAssetsMinor === undefined) say(field, 'needs netAssetsMinor')
    if ('target' in action && action.target === 'partner' && !PARTNER_MEASURES.has(measure))
      say(`${field}/action/target`, `${measure} is of no partner`)
  }
  return problems
}

const PARTNER_MEASURES: ReadonlySet<string> = new Set(['partner_share'])
