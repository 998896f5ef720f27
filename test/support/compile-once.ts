import { execFile } from 'node:child_process'
import { globSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'

const ROOT = new URL('../../', import.meta.url)
/** What is compiled of the program and its libraries is more than a thousand files. */
const COMPILED_FILES = 500
const DEADLINE_MS = 30_000
/** These begin to run when they are loaded. */
const PROGRAMS = ['src/main.ts', 'src/cli/main.ts']

/**
 * Compiles the program once before anything starts, where nothing is kept from before: else all test workers and processes
 * would compile and write down the same files at the same time, for a tenth of the CPU of a whole run.
 */
export async function compileOnce(folder = process.env.NODE_COMPILE_CACHE): Promise<void> {
  if (folder === undefined || readdirSync(folder, { recursive: true }).length > COMPILED_FILES) return
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !PROGRAMS.includes(file))
  const program = `await Promise.all(${JSON.stringify(files)}.map((file) => import('./' + file))); process.exit()`
  const args = ['--input-type=module', '--eval', program]
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: DEADLINE_MS })
}
