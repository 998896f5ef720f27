import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const CACHE_DIR = join(ROOT, '.cache')

/** Where a running stack keeps its data; a second directory lets a test stack live beside a developer's. */
export function dataDirOf(env) {
  return env.ASSAY_DATA_DIR || join(ROOT, '.data')
}

export function shortPath(path) {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') ? path : short
}
