import { AssayError } from '../errors.ts'
import type { Role } from '../inference/manifest.ts'
import { loadModel, modelFolder, readActiveModels, type VerifiedModel } from '../inference/model.ts'

export interface Beside {
  readonly model: VerifiedModel
  /** Of applicants for a challenger, of decisions for a shadow; above 0, at most 1. */
  readonly share: number
}

/** The models that models/active.json names, every byte of them checked. */
export interface ActiveSet {
  readonly champion: VerifiedModel
  readonly challenger: Beside | undefined
  readonly shadow: Beside | undefined
  readonly fraud: VerifiedModel | undefined
}

/**
 * Reads what serves credit decisions. A challenger or shadow that is broken is left out and told: it may not keep the
 * champion from serving.
 *
 * @throws AssayError model_invalid that names the file and what is wrong with it
 */
export async function loadActiveSet(modelsFolder: URL, onBesideFault: (error: unknown) => void): Promise<ActiveSet> {
  const { credit, fraud } = await readActiveModels(modelsFolder)
  const beside = async (entry: { version: string; share: number } | undefined): Promise<Beside | undefined> => {
    if (entry === undefined) return undefined
    try {
      return { model: await loadVersion(modelsFolder, 'credit', entry.version), share: entry.share }
    } catch (error) {
      onBesideFault(error)
      return undefined
    }
  }
  return {
    champion: await loadVersion(modelsFolder, 'credit', credit.champion),
    challenger: await beside(credit.challenger),
    shadow: await beside(credit.shadow),
    fraud: fraud && (await loadVersion(modelsFolder, 'fraud', fraud.champion))
  }
}

/**
 * The model of a role and version; its manifest must say the same of itself.
 *
 * @throws AssayError model_invalid
 */
export async function loadVersion(modelsFolder: URL, role: Role, version: string): Promise<VerifiedModel> {
  const folder = modelFolder(modelsFolder, role, version)
  const model = await loadModel(folder)
  const { name, version: own } = model.manifest
  if (name === role && own === version) return model
  throw new AssayError('model_invalid', `${folder.pathname}manifest.json: it is of ${name} ${own}`)
}
