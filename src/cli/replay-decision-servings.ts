import { readdir } from 'node:fs/promises'
import { AssayError } from '../errors.ts'
import type { ModelLibrary } from '../explanation/model-library.ts'
import type { Quality } from '../features/quality.ts'
import type { FeatureSet } from '../features/vector.ts'
import { type LoadedPolicy, loadPolicy } from '../policy/load.ts'
import type { EvaluateRules } from '../policy/rule-packs.ts'
import { type OpenServing, openServing } from '../serving/serving.ts'
import { isPolicyFile } from './policy-folder.ts'

/** The ids that a decision’s trace has. */
export interface DecidedBy {
  readonly credit: string
  readonly fraud: string | undefined
  readonly policy: string
}

export type FoundServing =
  | { readonly kind: 'found'; readonly serving: OpenServing }
  | { readonly kind: 'missing'; readonly blame: 'model' | 'policy'; readonly at: string; readonly why: string }

export interface Servings {
  /** The models and the policy of a decision, put together as they were when it was made. */
  readonly find: (by: DecidedBy) => Promise<FoundServing>
  /** Ends the threads of all but the most recently asked for; call it when none is in use. */
  readonly trim: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ServingsDeps {
  readonly models: ModelLibrary
  readonly policies: ReadonlyMap<string, LoadedPolicy>
  readonly featureSet: FeatureSet
  readonly quality: Quality
  readonly threads: number
}

const MAX_OPEN = 2
/** Rows of one batch, and of a part of a replay. */
const ROWS = 64

/** Opens what decided by its ids, and keeps a few open: decisions of one time were made by the same. */
export function createServings({ models, policies, featureSet, quality, threads }: ServingsDeps): Servings {
  const open = new Map<string, Promise<FoundServing>>()
  const pool = { threads, maxBatchRows: ROWS, maxQueuedRows: ROWS * 4, onBatch: () => {}, onFault: () => {} }

  const put = async ({ credit, fraud, policy }: DecidedBy): Promise<FoundServing> => {
    const model = await models.find('credit', credit)
    if (model === undefined) return missing('model', 'models/credit', `no ${credit} among the models`)
    const fraudModel = fraud === undefined ? undefined : await models.find('fraud', fraud)
    if (fraud !== undefined && fraudModel === undefined)
      return missing('model', 'models/fraud', `no ${fraud} among the models`)
    const loaded = policies.get(policy)
    if (loaded === undefined) return missing('policy', 'policy', `no ${policy} among the policies`)
    try {
      return {
        kind: 'found',
        serving: await openServing(model, fraudModel, true, { featureSet, loaded, quality, pool })
      }
    } catch (error) {
      if (!(error instanceof AssayError)) throw error
      if (error.code === 'model_invalid') return missing('model', 'models/credit', error.message)
      if (error.code === 'policy_invalid') return missing('policy', 'policy', error.message)
      throw error
    }
  }

  const closeOne = async (key: string): Promise<void> => {
    const found = await open.get(key)?.catch(() => undefined)
    open.delete(key)
    if (found?.kind === 'found') await found.serving.close()
  }

  return {
    find: (by) => {
      const key = JSON.stringify([by.credit, by.fraud, by.policy])
      const found = open.get(key) ?? put(by)
      open.delete(key)
      open.set(key, found)
      return found
    },
    trim: async () => {
      for (const key of [...open.keys()].slice(0, -MAX_OPEN)) await closeOne(key)
    },
    close: async () => {
      for (const key of [...open.keys()]) await closeOne(key)
    }
  }
}

function missing(blame: 'model' | 'policy', at: string, why: string): FoundServing {
  return { kind: 'missing', blame, at: `/answer/trace/${at}`, why }
}

/** Every policy of a folder by its id; a file that is none is told and left out. */
export async function loadPolicies(
  folder: URL,
  featureNames: readonly string[],
  rules: EvaluateRules,
  tell: (line: string) => void
): Promise<Map<string, LoadedPolicy>> {
  const policies = new Map<string, LoadedPolicy>()
  for (const file of (await readdir(folder)).filter(isPolicyFile).sort()) {
    try {
      const loaded = await loadPolicy(new URL(file, folder), featureNames, rules)
      policies.set(loaded.id, loaded)
    } catch (error) {
      if (!(error instanceof AssayError)) throw error
      tell(`${file} is no policy: ${error.message}`)
    }
  }
  return policies
}
