import { AssayError } from '../errors.ts'
import type { Role } from '../inference/manifest.ts'
import { loadModel, type VerifiedModel } from '../inference/model.ts'

/** Models by the id that a decision’s trace has: also those that no longer serve, as long as their folder is there. */
export interface ModelLibrary {
  /** Undefined when the version is not there, cannot be read, or is another model under the same version. */
  readonly find: (role: Role, id: string) => Promise<VerifiedModel | undefined>
}

export interface ModelLibraryOptions {
  /** The folder of roles, such as models/. */
  readonly folder: URL
  /** Models kept in memory at most, a megabyte or so each; the one unused for longest goes first. */
  readonly maxModels?: number
  readonly load?: (folder: URL) => Promise<VerifiedModel>
}

const MAX_MODELS = 8
/** The version becomes a folder’s name: nothing but digits and dots gets there. */
const MODEL_ID = /^(\d{1,9}\.\d{1,9}\.\d{1,9})@sha256:[0-9a-f]{12}$/

/** Reads models/<role>/<version>/ when first asked. What is not there is looked for again each time: it may be put back. */
export function createModelLibrary({
  folder,
  maxModels = MAX_MODELS,
  load = loadModel
}: ModelLibraryOptions): ModelLibrary {
  const kept = new Map<string, Promise<VerifiedModel | undefined>>()

  const read = async (role: Role, version: string, id: string): Promise<VerifiedModel | undefined> => {
    try {
      const model = await load(new URL(`${role}/${version}/`, folder))
      return model.id === id && model.manifest.name === role ? model : undefined
    } catch (error) {
      if (error instanceof AssayError && error.code === 'model_invalid') return undefined
      throw error
    }
  }

  const find = async (role: Role, id: string): Promise<VerifiedModel | undefined> => {
    const version = MODEL_ID.exec(id)?.[1]
    if (version === undefined) return undefined
    const key = `${role} ${id}`
    const reading = kept.get(key) ?? read(role, version, id)
    kept.delete(key)
    kept.set(key, reading)
    if (kept.size > maxModels) kept.delete(kept.keys().next().value as string)
    try {
      const model = await reading
      if (model === undefined) kept.delete(key)
      return model
    } catch (error) {
      kept.delete(key)
      throw error
    }
  }
  return { find }
}
