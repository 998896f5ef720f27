import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { compileCheck } from '../domain/check.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import { findFlowProblems } from './flow-checks.ts'
import { findOfferProblems } from './offers-check.ts'
import { findRepeatedMembers } from './repeated-members.ts'
import type { EvaluateRules } from './rule-packs.ts'
import { type Policy, PolicySchema } from './schema.ts'

export interface LoadedPolicy {
  readonly policy: Policy
  /** version@sha256 of the file, for the trace. */
  readonly id: string
  /** The rule packs it is to be decided under; compilePolicy takes them. */
  readonly rules?: EvaluateRules | undefined
}

const checkSchema = compileCheck(PolicySchema)

/**
 * Reads and checks a policy file against its schema, itself and the feature catalogue.
 *
 * @param rules compiled rule packs; a product that names a jurisdiction is not decided without them
 * @throws AssayError policy_invalid with the file and every problem found
 */
export async function loadPolicy(
  file: URL,
  featureNames: readonly string[],
  rules?: EvaluateRules
): Promise<LoadedPolicy> {
  let bytes: Buffer
  let text: string
  let value: unknown
  try {
    bytes = await readFile(file)
    text = bytes.toString('utf8')
    value = JSON.parse(text)
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file.pathname}: it cannot be read as JSON`, { cause })
  }
  const checked = checkSchema(value)
  const problems = [
    ...findRepeatedMembers(text).map((field) => ({ field, problem: 'stands twice in its object' })),
    ...(checked.ok ? findContradictions(checked.value, featureNames, rules) : checked.problems)
  ]
  if (!checked.ok || problems.length > 0) throw new AssayError('policy_invalid', file.pathname, { problems })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { policy: checked.value, id: `${checked.value.version}@sha256:${sha256.slice(0, 12)}`, rules }
}

function findContradictions(
  policy: Policy,
  featureNames: readonly string[],
  rules: EvaluateRules | undefined
): FieldProblem[] {
  const { bands, products, velocity, firstLoanBand } = policy
  const problems = findOfferProblems(policy)
  const say = (field: string, problem: string) => problems.push({ field, problem })
  bands.forEach(({ band, pdBelow, action, limitShare }, index) => {
    if (bands.findIndex((other) => other.band === band) !== index) say(`/bands/${index}/band`, `${band} stands twice`)
    const below = bands[index - 1]?.pdBelow ?? 0
    if (pdBelow <= below) say(`/bands/${index}/pdBelow`, `band ${band} can never be reached`)
    if (action === 'APPROVE' && products.every(({ amountMinor: { min, max } }) => max * limitShare < min))
      say(`/bands/${index}/limitShare`, `band ${band} approves, and leaves less than the least of every product`)
  })
  if (firstLoanBand !== undefined && !bands.some(({ band }) => band === firstLoanBand))
    say('/firstLoanBand', `no band is called ${firstLoanBand}`)
  if (bands.at(-1)?.pdBelow !== 1)
    say(`/bands/${bands.length - 1}/pdBelow`, 'the last band must reach 1: a gap is left above it')
  velocity.forEach(({ feature, action }, index) => {
    if (velocity.findIndex((other) => other.feature === feature && other.action === action) !== index)
      say(`/velocity/${index}`, `${feature} stands twice with ${action}`)
    if (!featureNames.includes(feature)) say(`/velocity/${index}/feature`, `the catalogue has no feature ${feature}`)
  })
  problems.push(...findFlowProblems(policy, featureNames, rules))
  return problems
}
