import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { modelsCommand } from '../../src/cli/models.ts'
import { modelsFolder } from '../serving/folders.ts'
import { readLines, runOrRefuse } from './run-command.ts'

export const FRAUD = { champion: '1.0.0' }

export async function folderOf(credit: object = { champion: '1.0.0' }): Promise<URL> {
  return modelsFolder({ credit, fraud: FRAUD })
}

/** assay models on this folder. */
export const models = (folder: URL, ...args: string[]) =>
  runOrRefuse(modelsCommand, [...args, '--models', fileURLToPath(folder)])

export const read = async (folder: URL, name: string) => JSON.parse(await readFile(new URL(name, folder), 'utf8'))
export const activeOf = async (folder: URL) => (await read(folder, 'active.json')).credit
export const historyOf = (folder: URL) => readLines<object>(fileURLToPath(new URL('history.ndjson', folder)))

export async function changeFile(folder: URL, name: string, change: (text: string) => string): Promise<void> {
  const file = new URL(name, folder)
  const before = await readFile(file, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  await writeFile(file, after)
}

/** Plants a fault that no hash tells: the manifest is given the new one. */
export async function forge(folder: URL, name: string, change: (text: string) => string): Promise<void> {
  const manifest = await read(folder, 'credit/1.1.0/manifest.json')
  await changeFile(folder, `credit/1.1.0/${name}`, change)
  const bytes = await readFile(new URL(`credit/1.1.0/${name}`, folder))
  manifest.files[name] = createHash('sha256').update(bytes).digest('hex')
  await writeFile(new URL('credit/1.1.0/manifest.json', folder), JSON.stringify(manifest))
}

export const edit =
  <Value>(change: (value: Value) => void) =>
  (text: string): string => {
    const value = JSON.parse(text)
    change(value)
    return JSON.stringify(value)
  }
