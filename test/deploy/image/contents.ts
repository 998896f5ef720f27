import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the image, `path` from /app. */
export interface ImageFile {
  readonly path: string
  readonly bytes: number
  /** Its first bytes, which say what kind of program it is. */
  readonly head: Buffer
}

export interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>
  >
}

export interface Part {
  readonly name: string
  readonly files: number
  readonly bytes: number
}

const MIB = 2 ** 20
const HEAD_BYTES = 20
/** The most of each part and of all; what is not named may not be there. Measured 2026-11: see docs/deploy.md. */
export const MOST_BYTES: Readonly<Record<string, number>> = {
  node_modules: 130 * MIB,
  src: 5 * MIB,
  workers: MIB,
  policies: MIB,
  models: 4 * MIB,
  '.cache': 30 * MIB,
  'package.json': MIB / 10
}
export const MOST_BYTES_OF_ALL = 150 * MIB

const NEEDED = [
  ...['package.json', 'src/main.ts', 'src/cli/main.ts', 'workers/ingest.ts', 'workers/monitor.ts'],
  ...['policies/active.json', 'models/active.json']
]
const NEVER =
  /(^|\/)(tests?|__tests__|fixtures|training|\.git|\.data|coverage|out)(\/|$)|(^|\/)\.env|\.(test\.ts|ndjson|csv|tsv|parquet|py|pem|key|p12|pfx|rdb|aof|log)$/
const ELF_MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }
const MACH_O = [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe]

export function readFiles(app: string): ImageFile[] {
  return readdirSync(app, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name)
      return { path: absolute.slice(app.length + 1), bytes: lstatSync(absolute).size, head: headOf(absolute) }
    })
}

function headOf(file: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(descriptor, head))
  } finally {
    closeSync(descriptor)
  }
}

/** By the first folder, the largest first. */
export function partsOf(files: readonly ImageFile[], depth = 1): Part[] {
  const parts = Object.groupBy(files, ({ path }) => path.split('/').slice(0, depth).join('/'))
  return Object.entries(parts)
    .map(([name, some = []]) => ({ name, files: some.length, bytes: some.reduce((sum, { bytes }) => sum + bytes, 0) }))
    .sort((left, right) => right.bytes - left.bytes)
}

/** What of the content does not belong there, is missing or too large; empty when nothing is. */
export function findFaults(files: readonly ImageFile[], lock: LockFile, checkout: readonly string[]): string[] {
  const paths = new Set(files.map(({ path }) => path))
  const own = files.filter(({ path }) => !path.startsWith('node_modules/'))
  const parts = partsOf(files)
  const all = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    ...parts.filter(({ name }) => MOST_BYTES[name] === undefined).map(({ name }) => `${name} does not belong there`),
    ...parts
      .filter(({ name, bytes }) => bytes > (MOST_BYTES[name] ?? Number.POSITIVE_INFINITY))
      .map(({ name, bytes }) => `${name} has ${mebibytes(bytes)}, at most ${mebibytes(MOST_BYTES[name] ?? 0)}`),
    ...(all > MOST_BYTES_OF_ALL ? [`all has ${mebibytes(all)}, at most ${mebibytes(MOST_BYTES_OF_ALL)}`] : []),
    ...own.filter(({ path }) => NEVER.test(path)).map(({ path }) => `${path} is no part of a release`),
    ...files.filter(isForeign).map(({ path }) => `${path} is a program for another kind of machine`),
    ...[...NEEDED, ...checkout].filter((path) => !paths.has(path)).map((path) => `${path} is missing`),
    ...packageFaults(paths, lock)
  ]
}

function packageFaults(paths: ReadonlySet<string>, { packages }: LockFile): string[] {
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, { dev, optional, devOptional }]) => {
      const belongs = dev !== true && optional !== true && devOptional !== true
      const isThere = paths.has(`${path}/package.json`)
      if (belongs === isThere) return []
      return [isThere ? `${path} is for development or another Node` : `${path} is missing`]
    })
}

/** A program or library that this kind of machine cannot run. */
export function isForeign({ head }: ImageFile): boolean {
  if (head.length < HEAD_BYTES) return false
  const magic = head.readUInt32BE(0)
  if (magic === 0x7f454c46) return head.readUInt16LE(18) !== ELF_MACHINES[process.arch]
  return MACH_O.includes(magic) || (head.toString('latin1', 0, 2) === 'MZ' && head.includes(0))
}

/** Secrets by their form: private keys and partner keys in what is ours. */
export function findSecrets(app: string, files: readonly ImageFile[]): string[] {
  return files
    .filter(({ path }) => !path.startsWith('node_modules/') && !path.startsWith('.cache/'))
    .filter(({ path }) =>
      /-----BEGIN [A-Z ]*PRIVATE KEY|\bak_[0-9a-f]{12}_[\w-]{20}/.test(readFileSync(join(app, path), 'utf8'))
    )
    .map(({ path }) => `${path} has a secret in it`)
}

export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
