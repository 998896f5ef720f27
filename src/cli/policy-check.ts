import { AssayError, describeError, type FieldProblem } from '../errors.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import { readActiveModels, type VerifiedModel } from '../inference/model.ts'
import { compilePolicy } from '../policy/engine.ts'
import { findExcludedData } from '../policy/excluded-data.ts'
import { type LoadedPolicy, loadPolicy } from '../policy/load.ts'
import { findUnmetRules } from '../policy/unmet-rules.ts'
import type { PolicyReading } from '../serving/active-policy.ts'
import { loadVersion } from '../serving/models.ts'
import { createRulesInForce } from '../serving/rules-in-force.ts'

const FEATURE_NAMES = CATALOGUE.map(({ name }) => name)

/** What policies are checked against, as in a gateway with this folder of policies. */
export const policyReading = async (policies: URL): Promise<PolicyReading> => ({
  featureNames: FEATURE_NAMES,
  rules: await createRulesInForce(policies)()
})

/**
 * A policy that holds in itself and beside the models that serve.
 *
 * @throws AssayError policy_invalid that names the file and every problem of it; model_invalid
 */
export async function provenPolicy(
  file: URL,
  modelsFolder: URL,
  { featureNames, rules }: PolicyReading
): Promise<LoadedPolicy> {
  const loaded = await loadPolicy(file, featureNames, rules)
  const { credit, fraud } = await readActiveModels(modelsFolder)
  if (loaded.policy.fraud !== undefined && fraud === undefined)
    throw new AssayError('policy_invalid', file.pathname, {
      problems: [{ field: '/fraud', problem: 'no fraud model serves (models/active.json)' }]
    })
  const champion = await loadVersion(modelsFolder, 'credit', credit.champion)
  try {
    compilePolicy(loaded.policy, champion.manifest, featureNames, { rules })
  } catch (cause) {
    if (cause instanceof AssayError) throw cause
    throw new AssayError('policy_invalid', `${file.pathname}: ${describeError(cause)}`, { cause })
  }
  return loaded
}

/**
 * A policy that may be put in force at an instant: proven, asking for no data that rules exclude, and under no rule that
 * refuses every application. Whoever goes back to a policy need not wait for that: such a rule refers or declines.
 *
 * @throws AssayError policy_invalid that names the file and every problem of it; model_invalid
 */
export async function permittedPolicy(
  file: URL,
  modelsFolder: URL,
  nowMs: number,
  reading: PolicyReading
): Promise<LoadedPolicy> {
  const loaded = await provenPolicy(file, modelsFolder, reading)
  const { rules } = reading
  const { credit, fraud } = await readActiveModels(modelsFolder)
  const champion = await loadVersion(modelsFolder, 'credit', credit.champion)
  const challenger = credit.challenger && (await loadVersion(modelsFolder, 'credit', credit.challenger.version))
  const fraudModel = fraud && (await loadVersion(modelsFolder, 'fraud', fraud.champion))
  const problems = [
    ...(rules === undefined ? [] : findUnmetRules(loaded.policy, rules, nowMs)),
    ...[champion, ...(challenger ? [challenger] : [])].flatMap((model) =>
      excludedData(loaded, model, fraudModel, nowMs)
    )
  ]
  if (problems.length > 0) throw new AssayError('policy_invalid', file.pathname, { problems })
  return loaded
}

/** What the policy or a model beside it decides by although a rule of the packs excludes it at that instant. */
export function excludedData(
  { policy, rules }: LoadedPolicy,
  credit: VerifiedModel,
  fraud: VerifiedModel | undefined,
  nowMs: number
): FieldProblem[] {
  if (rules === undefined) return []
  const models = { credit: credit.manifest, scorecard: credit.scorecard?.definition, fraud: fraud?.manifest }
  return findExcludedData(policy, models, rules, nowMs)
}

export type PolicyCheck =
  | { readonly ok: true; readonly loaded: LoadedPolicy }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }

/** The same, with what is wrong as a value. A problem of the whole file has the field `/`. */
export async function checkPolicy(
  file: URL,
  modelsFolder: URL,
  nowMs: number,
  reading: PolicyReading
): Promise<PolicyCheck> {
  try {
    return { ok: true, loaded: await permittedPolicy(file, modelsFolder, nowMs, reading) }
  } catch (error) {
    if (!(error instanceof AssayError) || error.code !== 'policy_invalid') throw error
    if (error.problems.length > 0) return { ok: false, problems: error.problems }
    const why = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    const problem = error.message.replace(`${file.pathname}: `, '')
    return { ok: false, problems: [{ field: '/', problem: `${problem}${why}` }] }
  }
}
