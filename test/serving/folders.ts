import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

const MODELS = new URL('../../models/', import.meta.url)

/** The shipped models in a folder of the test’s own, with other ones serving. */
export async function modelsFolder(active: object): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-models-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const role of ['credit', 'fraud']) await cp(new URL(`${role}/`, MODELS), join(folder, role), { recursive: true })
  const url = pathToFileURL(`${folder}/`)
  await setActive(url, active)
  return url
}

export async function setActive(folder: URL, active: object): Promise<void> {
  await writeFile(new URL('active.json', folder), JSON.stringify(active))
}

/** Another version that says the same as one that is there. */
export async function copyVersion(folder: URL, from: string, to: string): Promise<void> {
  await cp(new URL(`credit/${from}/`, folder), new URL(`credit/${to}/`, folder), { recursive: true })
  const file = new URL(`credit/${to}/manifest.json`, folder)
  await writeFile(file, (await readFile(file, 'utf8')).replace(`"version": "${from}"`, `"version": "${to}"`))
}
