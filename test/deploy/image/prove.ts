import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../../launcher/paths.mjs'
import { table } from '../../../load-tests/tables.ts'
import { buildImage } from './build.ts'
import { runConfined } from './confined-run.ts'
import { findFaults, findSecrets, type ImageFile, type LockFile, mebibytes, partsOf, readFiles } from './contents.ts'
import { findBase } from './private-root.ts'

const USAGE = `npm run image:prove -- [--keep]

Does what the Dockerfile says without an engine: each stage in a root of its own (mount namespace and chroot), on the programs
of this machine in the place of the base image. Says how large the content is, fails on anything that does not belong there,
and runs the three processes from it as node, read-only and without capabilities. Linux, as root; about a minute.

  --keep   leaves the folder, and says where it is
  --help   this text
`
const SHOWN_PACKAGES = 5

async function prove(keeps: boolean): Promise<string[]> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  const base = findBase(process.execPath)
  const directory = await mkdtemp(join(tmpdir(), 'assay-image-'))
  try {
    const image = buildImage({ context: ROOT, directory, base, note: (line) => print(`  ${line}`) })
    const app = join(image.root, image.workdir)
    const files = readFiles(app)
    print(`\n${sizes(files)}`)
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile
    const checkout = globSync(['src/**/*.*', 'workers/*.ts', 'policies/**/*.json'], { cwd: ROOT })
    const faults = [...findFaults(files, lock, checkout), ...findSecrets(app, files)]
    if (image.user !== 'node') faults.push(`it runs as ${image.user}`)
    if (image.healthCheck.length === 0) faults.push('it has no health check')
    const request = readFileSync(join(ROOT, 'examples/decision-request.json'), 'utf8')
    const run = await runConfined({ image, base, directory, request, note: (line) => print(`  ${line}`) })
    return [...faults, ...run.faults, ...changesSince(files, app)]
  } finally {
    if (keeps) print(`\nkept in ${directory}`)
    else await rm(directory, { recursive: true, force: true })
  }
}

function sizes(files: readonly ImageFile[]): string {
  const parts = partsOf(files)
  const packages = partsOf(
    files.filter(({ path }) => path.startsWith('node_modules/')),
    2
  ).slice(0, SHOWN_PACKAGES)
  const all = { name: 'all of /app', files: files.length, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) }
  const row = ({ name, files: count, bytes }: typeof all) => [name, count, mebibytes(bytes)]
  return table(['part', 'files', 'size'], [...parts.map(row), row(all), ...packages.map((each) => row(each))])
}

/** Files that came, went or changed their size while the processes ran. */
function changesSince(before: readonly ImageFile[], app: string): string[] {
  const sizeOf = (files: readonly ImageFile[]) => new Map(files.map(({ path, bytes }) => [path, bytes]))
  const [old, now] = [sizeOf(before), sizeOf(readFiles(app))]
  const all = new Set([...old.keys(), ...now.keys()])
  return [...all].filter((path) => old.get(path) !== now.get(path)).map((path) => `${path} was changed by a run`)
}

const { keep = false, help } = parseArgs({
  options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
}).values
if (help === true) process.stdout.write(USAGE)
else {
  try {
    const faults = await prove(keep)
    for (const fault of faults) process.stdout.write(`FAILS  ${fault}\n`)
    process.stdout.write(faults.length === 0 ? '\nThe image is proven as far as it can be without an engine.\n' : '\n')
    process.exitCode = faults.length === 0 ? 0 : 1
  } catch (error) {
    process.stderr.write(`image:prove: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
