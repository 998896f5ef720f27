import type { Lineup } from '../decisions/serving.ts'
import { hash32 } from '../domain/hash.ts'
import type { ActiveSet } from './models.ts'
import { type OpenServing, openServing, type ServingDeps } from './serving.ts'
import { createShadow, isSampled, type ShadowOptions } from './shadow.ts'

export interface OpenLineup extends Lineup {
  readonly models: ActiveSet
  /** Waits for running batches, then ends the threads. */
  readonly close: () => Promise<void>
}

export type LineupDeps = ServingDeps &
  Pick<ShadowOptions, 'monotonicMs' | 'onResult' | 'onDrop'> & { readonly onBesideFault: (error: unknown) => void }

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
    return {
      models,
      champion: first,
      challengerOf: ({ refs }) =>
        second && isSampled(refs.applicant, challenger?.share ?? 0, seed) ? second : undefined,
      afterwards: third ? createShadow({ ...deps, serving: third, share: shadow?.share ?? 0 }) : () => {},
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}
