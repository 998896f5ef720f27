import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { exportCommand } from '../../src/cli/export.ts'
import { importCommand } from '../../src/cli/import.ts'
import { rankMetrics } from '../../src/domain/model-metrics.ts'
import { loadModel, modelFolder, type VerifiedModel } from '../../src/inference/model.ts'
import { realDataOf, runCommand, workFolder } from '../cli/run-command.ts'

const FOLDER = modelFolder(new URL('../../models/', import.meta.url), 'early-warning', '1.0.0')
const CLIENTS = join(realDataOf('uci-taiwan'), 'clients.csv.gz')
/** The split of models/training/trainer/early_warning.py. */
const PARTS = 5
const HELD_BACK = 0

interface Measured {
  readonly rows: number
  readonly bads: number
  readonly auc: number
  readonly aucInterval: readonly [low: number, high: number]
  readonly ks: number
}

let model: VerifiedModel
let onHeldBack: Measured

beforeAll(async () => {
  model = await loadModel(FOLDER)
  onHeldBack = (model.manifest.training as { metrics: { test: Measured } }).metrics.test
})

describe('the early-warning model', () => {
  test('ranks held-back clients with an AUC of at least 0.77, and says how sure that is', () => {
    const { auc, aucInterval } = onHeldBack
    expect(auc).toBeGreaterThanOrEqual(0.77)
    expect(aucInterval[0]).toBeLessThan(auc)
    expect(aucInterval[1]).toBeGreaterThan(auc)
  })

  test('reads bills and their payments alone: nothing of the person, the application or the limit', () => {
    for (const { name } of model.manifest.inputs) expect(name).toMatch(/^applicant\.bills?_/)
  })

  test('speaks of card clients in Taiwan dollars only', () => {
    expect(model.manifest.population).toStrictEqual({ products: ['consumer'], currencies: ['TWD'] })
  })

  test('stays small enough for batches: at most 300 trees, at most four questions deep', () => {
    const { trees } = model.scorerData
    // The first tree is the base margin.
    expect(trees.length - 1).toBeLessThanOrEqual(300)
    for (const { left, right } of trees) expect(depthOf(left, right)).toBeLessThanOrEqual(4)
  })

  test('tells in its card how it treats women and men, and every age band', async () => {
    const card = await readFile(new URL('card.md', FOLDER), 'utf8')
    const lines = card.split('\n')
    for (const group of ['sex | female', 'sex | male', 'age band | 24 and below', 'age band | 50 and above'])
      expect(lines.filter((line) => line.startsWith(`| ${group} |`) && !line.includes('too few'))).toHaveLength(1)
  })
})

test.skipIf(!existsSync(CLIENTS))(
  `held-back clients of ${CLIENTS}, imported anew, get what the card says`,
  async () => {
    const { rows, isBad } = await heldBackAnew()
    const pds = await score(rows)
    expect(pds).toHaveLength(onHeldBack.rows)
    expect(isBad.filter(Boolean)).toHaveLength(onHeldBack.bads)
    const { auc, ks } = rankMetrics(pds, isBad) ?? { auc: Number.NaN, ks: Number.NaN }
    expect(auc).toBeCloseTo(onHeldBack.auc, 4)
    expect(ks).toBeCloseTo(onHeldBack.ks, 4)
  }
)

/** Inputs of the held-back clients, from their bills on: no training table is read. */
async function heldBackAnew(): Promise<{ rows: Float32Array[]; isBad: boolean[] }> {
  const folder = await workFolder()
  const [header = '', ...clients] = gunzipSync(await readFile(CLIENTS))
    .toString('utf8')
    .trimEnd()
    .split('\n')
  const heldBack = clients.filter((client) => partOf(`uci-${client.split(',')[0]}`) === HELD_BACK)
  await writeFile(join(folder, 'clients.csv'), [header, ...heldBack].join('\n'))
  await runCommand(importCommand, 'uci-taiwan', folder, '--out', folder)
  const histories = ['--events', `${folder}/events.ndjson`, '--applications', `${folder}/applications.ndjson`]
  await runCommand(exportCommand, ...histories, '--out', `${folder}/table.csv`)
  const [names = [], ...cells] = (await readFile(join(folder, 'table.csv'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  const columns = model.manifest.inputs.map(({ name }) => names.indexOf(name))
  const toInput = (cell = '') => (cell === '' ? Number.NaN : Number(cell))
  return {
    rows: cells.map((row) => Float32Array.from(columns, (column) => toInput(row[column]))),
    isBad: cells.map((row) => row[names.indexOf('outcome')] === 'bad')
  }
}

function partOf(applicationId: string): number {
  return createHash('sha256').update(applicationId).digest().readUInt32BE(0) % PARTS
}

async function score(rows: readonly Float32Array[]): Promise<number[]> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  const session = await InferenceSession.create(model.scorerData.modelBytes, options)
  const width = model.manifest.inputs.length
  const flat = Float32Array.from(rows.flatMap((row) => [...row]))
  const { pd } = await session.run({ features: new Tensor('float32', flat, [rows.length, width]) }, ['pd'])
  return Array.from(pd?.data as Float32Array)
}

function depthOf(left: readonly number[], right: readonly number[], node = 0): number {
  const [to, or] = [left[node] as number, right[node] as number]
  return to < 0 ? 0 : 1 + Math.max(depthOf(left, right, to), depthOf(left, right, or))
}
