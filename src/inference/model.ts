import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Static, TSchema } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import {
  type ActiveModels,
  ActiveModelsSchema,
  type Golden,
  GoldenSchema,
  type Manifest,
  ManifestSchema,
  type Role,
  TreesSchema
} from './manifest.ts'
import type { ModelData } from './protocol.ts'
import { parseScorecard, type Scorecard } from './scorecard.ts'

/** A model whose every byte is what its manifest says. Whether it scores right is proven by the pool’s probe. */
export interface VerifiedModel {
  readonly manifest: Manifest
  /** version@sha256 of the network, for the trace. */
  readonly id: string
  readonly golden: Golden
  readonly scorerData: ModelData
  /** Null where the model comes without one. */
  readonly scorecard: Scorecard | null
}

/**
 * Which versions serve, from models/active.json.
 *
 * @throws AssayError model_invalid
 */
export async function readActiveModels(modelsFolder: URL): Promise<ActiveModels> {
  const file = new URL('active.json', modelsFolder)
  return parseFile(ActiveModelsSchema, file, await readModelFile(file))
}

export function modelFolder(modelsFolder: URL, role: Role, version: string): URL {
  return new URL(`${role}/${version}/`, modelsFolder)
}

/** The folder of the model that serves credit, from models/active.json. */
export async function activeModelFolder(modelsFolder: URL, role: 'credit'): Promise<URL> {
  const active = await readActiveModels(modelsFolder)
  return modelFolder(modelsFolder, role, active[role].champion)
}

/**
 * Reads a model folder, hashes every file and checks it against the manifest; what is returned was made from the very
 * bytes that were hashed, so a swap of the file in between changes nothing.
 *
 * @throws AssayError model_invalid that names the file and what is wrong with it
 */
export async function loadModel(folder: URL): Promise<VerifiedModel> {
  const manifestFile = new URL('manifest.json', folder)
  const manifest = parseFile(ManifestSchema, manifestFile, await readModelFile(manifestFile))
  const [network, treesBytes, goldenBytes] = await Promise.all(
    (['model.onnx', 'trees.json', 'golden.json'] as const).map((name) =>
      readVerified(folder, name, manifest.files[name])
    )
  )
  const treesFile = new URL('trees.json', folder)
  const { trees } = parseFile(TreesSchema, treesFile, treesBytes as Buffer)
  checkTrees(trees, manifest.inputs.length, treesFile)
  const goldenFile = new URL('golden.json', folder)
  const golden = parseFile(GoldenSchema, goldenFile, goldenBytes as Buffer)
  if (golden.rows.length !== golden.pd.length || golden.rows.some((row) => row.length !== manifest.inputs.length)) {
    throw invalid(goldenFile, 'rows, scores and inputs differ in number')
  }
  const reference = Float32Array.from(manifest.inputs, (input) => input.reference ?? Number.NaN)
  const scorerData = {
    modelBytes: new Uint8Array(network as Buffer),
    inputCount: manifest.inputs.length,
    trees,
    reference
  }
  const id = `${manifest.version}@sha256:${manifest.files['model.onnx'].slice(0, 12)}`
  return { manifest, id, golden, scorerData, scorecard: await loadScorecard(folder, manifest) }
}

async function loadScorecard(folder: URL, { files }: Manifest): Promise<Scorecard | null> {
  const sha256 = files['scorecard.json']
  if (sha256 === undefined) return null
  const file = new URL('scorecard.json', folder)
  const bytes = await readVerified(folder, 'scorecard.json', sha256)
  return parseScorecard(parseJson(file, bytes), file)
}

async function readVerified(folder: URL, name: string, sha256: string): Promise<Buffer> {
  const file = new URL(name, folder)
  const bytes = await readModelFile(file)
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256) throw invalid(file, `its sha256 is ${actual}, the manifest says ${sha256}`)
  return bytes
}

async function readModelFile(file: URL): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw invalid(file, 'it cannot be read', cause)
  }
}

function parseFile<Schema extends TSchema>(schema: Schema, file: URL, bytes: Buffer): Static<Schema> {
  const checked = compileCheck(schema)(parseJson(file, bytes))
  if (checked.ok) return checked.value
  throw new AssayError('model_invalid', file.pathname, { problems: checked.problems })
}

function parseJson(file: URL, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid(file, 'it is not JSON', cause)
  }
}

function checkTrees(trees: ModelData['trees'], inputCount: number, file: URL): void {
  trees.forEach(({ feature, threshold, left, right, missingLeft, value }, index) => {
    const size = feature.length
    const even = [threshold, left, right, missingLeft, value].every((column) => column.length === size)
    if (!even) throw invalid(file, `the columns of tree ${index} differ in length`)
    for (let node = 0; node < size; node++) {
      const [to, or] = [left[node] as number, right[node] as number]
      // A child always has a higher number than its parent: a walk ends.
      const sound =
        to < 0 || (to > node && or > node && to < size && or < size && (feature[node] as number) < inputCount)
      if (!sound) throw invalid(file, `node ${node} of tree ${index} points nowhere`)
    }
  })
}

function invalid(file: URL, problem: string, cause?: unknown): AssayError {
  return new AssayError('model_invalid', `${file.pathname}: ${problem}`, { cause })
}
