import type { LoadedPolicy } from '../policy/load.ts'
import { type ActivePolicies, loadActivePolicies, loadPoliciesAtStart, type PolicyReading } from './active-policy.ts'
import { type Current, createCurrent } from './current.ts'
import { type PolicyWatch, watchPolicies } from './policy-watch.ts'

export interface PoliciesInForceOptions {
  readonly folder: URL
  readonly read: PolicyReading
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
  const { folder, read, onSwap, onFault, nowMs } = options
  const first = await loadPoliciesAtStart(folder, read, onFault)
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
        load: () => loadActivePolicies(folder, read, onFault),
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
