import type { Lineup } from '../decisions/serving.ts'
import { hash32 } from '../domain/hash.ts'
import type { ActivePolicies } from './active-policy.ts'
import type { ActiveSet } from './models.ts'
import { createPolicyShadow, type PolicyShadowOptions } from './policy-shadow.ts'
import { type OpenServing, openServing, type ServingDeps } from './serving.ts'
import { createShadow, isSampled, type ShadowOptions } from './shadow.ts'

export interface OpenLineup extends Lineup {
  readonly models: ActiveSet
  /**
   * The same models and threads under other policies.
   *
   * @throws AssayError policy_invalid when the active one asks a fraud model that does not serve
   */
  readonly under: (policies: ActivePolicies) => Lineup
  /** Waits for running batches, then ends the threads. */
  readonly close: () => Promise<void>
}

export type LineupDeps = ServingDeps &
  Pick<ShadowOptions, 'monotonicMs' | 'onResult' | 'onDrop'> & {
    readonly onBesideFault: (error: unknown) => void
    readonly policyShadow: Pick<PolicyShadowOptions, 'onResult' | 'onDrop'> & {
      /** A candidate that does not fit the models is left out. */
      readonly onFault: (error: unknown) => void
    }
  }

/** A shadow is one thread and few rows: what does not fit is left out. It takes the fraud score of the decision. */
const SHADOW_POOL = { threads: 1, maxBatchRows: 16, maxQueuedRows: 64, onBatch: () => {}, onFault: () => {} }

/**
 * Starts the threads of all models; when the champion’s fail none are left behind. A challenger or shadow that fails is
 * left out and told: it may not keep the champion from serving.
 *
 * @throws AssayError model_invalid, policy_invalid
 */
export async function openLineup(models: ActiveSet, deps: LineupDeps): Promise<OpenLineup> {
  const { champion, challenger, shadow, fraud } = models
  const opened: OpenServing[] = []
  const close = async () => void (await Promise.all(opened.map((serving) => serving.close())))
  const open = async (...args: Parameters<typeof openServing>) => {
    const serving = await openServing(...args)
    opened.push(serving)
    return serving
  }
  try {
    const first = await open(champion, fraud, true, deps)
    const shadowDeps = { ...deps, pool: { ...deps.pool, ...SHADOW_POOL } }
    const second = challenger && (await open(challenger.model, fraud, true, deps).catch(deps.onBesideFault))
    const third = shadow && (await open(shadow.model, fraud, false, shadowDeps).catch(deps.onBesideFault))
    // The version is the seed: another challenger gets other applicants, the same one always the same.
    const seed = challenger === undefined ? 0 : hash32(challenger.model.manifest.version, 0)
    const candidateOf = (candidate: ActivePolicies['shadow']) => {
      if (candidate === undefined) return undefined
      try {
        const servings = [first, ...(second ? [second] : [])].map((serving) => serving.under(candidate.loaded))
        return createPolicyShadow({ ...deps.policyShadow, servings, share: candidate.share })
      } catch (error) {
        deps.policyShadow.onFault(error)
        return undefined
      }
    }
    const under = ({ active, shadow: candidate }: ActivePolicies): Lineup => {
      const [decides, challenges] = [first.under(active), second?.under(active)]
      const byModel = third && createShadow({ ...deps, serving: third.under(active), share: shadow?.share ?? 0 })
      const byPolicy = candidateOf(candidate)
      return {
        champion: decides,
        challengerOf: ({ refs }) =>
          challenges && isSampled(refs.applicant, challenger?.share ?? 0, seed) ? challenges : undefined,
        hasShadow: byModel !== undefined || byPolicy !== undefined,
        afterwards: (made, inFlight) => {
          byModel?.(made, inFlight)
          byPolicy?.(made, inFlight)
        }
      }
    }
    return { ...under({ active: deps.loaded, shadow: undefined }), models, under, close }
  } catch (error) {
    await close()
    throw error
  }
}
