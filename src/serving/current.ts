import type { Lineup } from '../decisions/serving.ts'
import type { ActivePolicies } from './active-policy.ts'
import type { OpenLineup } from './lineup.ts'

/** Who decides now: the models that serve under the policies in force. Either is swapped without the other. */
export interface Current {
  readonly lineup: () => Lineup
  /**
   * Compiles the policies in force for other models; what it returns puts them in force.
   *
   * @throws AssayError policy_invalid when a policy does not fit them; nothing is changed then
   */
  readonly prepareModels: (models: OpenLineup) => () => void
  /** Puts other policies in force. Throws policy_invalid likewise. */
  readonly usePolicies: (policies: ActivePolicies) => void
}

/** Nobody decides until models were put in force. */
export function createCurrent(first: ActivePolicies): Current {
  let policies = first
  let models: OpenLineup | undefined
  let lineup: Lineup | undefined
  return {
    lineup: () => {
      if (lineup === undefined) throw new Error('no models serve yet')
      return lineup
    },
    prepareModels: (next) => {
      const under = next.under(policies)
      return () => {
        models = next
        lineup = under
      }
    },
    usePolicies: (next) => {
      if (models !== undefined) lineup = models.under(next)
      policies = next
    }
  }
}
