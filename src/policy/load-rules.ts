import { loadRulePacks } from './rule-pack-load.ts'
import { compileRulePacks, type EvaluateRules } from './rule-packs.ts'

/** Where a release keeps its rule packs. */
export const RULE_PACKS = new URL('../../policies/rule-packs/', import.meta.url)

/**
 * Reads the rule packs of a folder and compiles them to one evaluator.
 *
 * @throws AssayError policy_invalid with the file and every problem found
 */
export async function loadRules(folder: URL = RULE_PACKS): Promise<EvaluateRules> {
  const { packs, lpr } = await loadRulePacks(folder)
  return compileRulePacks(packs, lpr)
}
