import type { LoadedPolicy } from '../policy/load.ts'
import type { EvaluateRules } from '../policy/rule-packs.ts'
import { type ActivePolicies, loadActivePolicies, loadPoliciesAtStart, type PolicyReading } from './active-policy.ts'
import { type Current, createCurrent } from './current.ts'
import { type PolicyWatch, watchPolicies } from './policy-watch.ts'

export interface PoliciesInForceOptions {
  readonly folder: URL
  readonly featureNames: PolicyReading['featureNames']
  /** The rules in force; the same ones are the same evaluator. Asked again at each change. */
  readonly readRules: () => Promise<EvaluateRules>
  /** Told of the first policies as well. */
  readonly onSwap: (policies: ActivePolicies) => void
  /** The last good policy keeps deciding. */
  readonly onFault: (error: unknown) => void
  readonly nowMs: () => number
}

export interface PoliciesInForce extends Pick<Current, 'lineup' | 'prepareModels'> {
  readonly active: () => LoadedPolicy
  /** Follows the files from now on: once models serve. */
  readonly watch: () => PolicyWatch
}

/**
 * Reads the policies in force, and follows their files when asked to.
 *
 * @throws AssayError policy_invalid when neither the active policy nor the one before it can decide
 */
export async function openPolicies(options: PoliciesInForceOptions): Promise<PoliciesInForce> {
  const { folder, featureNames, readRules, onSwap, onFault, nowMs } = options
  const first = await loadPoliciesAtStart(folder, { featureNames, rules: await readRules() }, onFault)
  const current = createCurrent(first)
  let watch: PolicyWatch | undefined
  onSwap(first)
  return {
    ...current,
    active: () => (watch?.current() ?? first).active,
    watch: () => {
      watch = watchPolicies({
        folder,
        first,
        load: async () => loadActivePolicies(folder, { featureNames, rules: await readRules() }, onFault),
        onSwap: (next) => {
          current.usePolicies(next)
          onSwap(next)
        },
        onFault,
        nowMs
      })
      return watch
    }
  }
}
