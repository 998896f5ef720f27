import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createModelLibrary } from '../../src/explanation/model-library.ts'
import { loadModel } from '../../src/inference/model.ts'
import { MODEL, MODELS } from './decided.ts'

async function copyOfModels() {
  const folder = await mkdtemp(join(tmpdir(), 'assay-models-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await cp(new URL('credit/', MODELS), join(folder, 'credit'), { recursive: true })
  return { folder, url: pathToFileURL(`${folder}/`) }
}

describe('the model library', () => {
  test('has the model of an id, read once however many ask', async () => {
    let reads = 0
    const load = (folder: URL) => {
      reads++
      return loadModel(folder)
    }
    const library = createModelLibrary({ folder: MODELS, load })
    const found = await Promise.all([1, 2, 3].map(() => library.find('credit', MODEL.id)))
    expect(found.map((model) => model?.id)).toEqual([MODEL.id, MODEL.id, MODEL.id])
    expect(reads).toBe(1)
  })

  test('has nothing where the version is not there, is another model, belongs to another role, or the id is none', async () => {
    const library = createModelLibrary({ folder: MODELS })
    const other = MODEL.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const ids = ['9.9.9@sha256:0123456789ab', other, '../credit/1.0.0@sha256:0123456789ab', '', '1.0.0']
    expect(await Promise.all(ids.map((id) => library.find('credit', id)))).toEqual(ids.map(() => undefined))
    expect(await library.find('fraud', MODEL.id)).toBeUndefined()
  })

  test('has nothing of a folder whose bytes are not what the manifest says, and has it again once it is put back', async () => {
    const { folder, url } = await copyOfModels()
    const library = createModelLibrary({ folder: url })
    await writeFile(join(folder, 'credit/1.0.0/trees.json'), '{"trees":[]}')
    expect(await library.find('credit', MODEL.id)).toBeUndefined()
    await cp(new URL('credit/1.0.0/trees.json', MODELS), join(folder, 'credit/1.0.0/trees.json'))
    expect((await library.find('credit', MODEL.id))?.id).toBe(MODEL.id)
  })

  test('keeps a few, and lets go of the one unused for longest', async () => {
    const reads: string[] = []
    const load = async (folder: URL) => {
      const version = folder.pathname.split('/').at(-2) as string
      reads.push(version)
      return { ...MODEL, id: `${version}@sha256:0123456789ab` }
    }
    const library = createModelLibrary({ folder: MODELS, maxModels: 2, load })
    for (const version of ['1.0.0', '2.0.0', '1.0.0', '3.0.0', '1.0.0', '2.0.0'])
      await library.find('credit', `${version}@sha256:0123456789ab`)
    expect(reads).toEqual(['1.0.0', '2.0.0', '3.0.0', '2.0.0'])
  })
})
