import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../launcher/paths.mjs'
import { resolveRedisServer } from '../../launcher/redis.mjs'
import { OptionError, parseStrictly, runProgram, untilInterrupted } from '../command-line.ts'
import { machineLine, measureSyncMs } from './machine.ts'
import { PARTS, type Part } from './parts.ts'
import { numbersTable, withNumbers } from './table.ts'

const NAMES = PARTS.map(({ name }) => name)
const USAGE = `npm run numbers -- [options]

Measures one part after the other, each on a service of its own, and prints one Markdown table with the machine named;
about six minutes. The machine should have nothing else to do.

  --only ${NAMES.join(',')}
                 some of the parts
  --write        the table goes into README.md too; not with --only, because a table is of one machine at one time
  --help         this text
`
const README = join(ROOT, 'README.md')
/** The longest part takes two minutes; four times as long on a slow machine. */
const PART_DEADLINE_MS = 480_000

interface NumbersOptions {
  readonly parts: readonly Part[]
  readonly writes: boolean
}

/** @throws OptionError */
function parse(args: string[]): NumbersOptions | 'help' {
  const options = {
    only: { type: 'string' },
    write: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' }
  } as const
  const { only, write = false, help } = parseStrictly({ args, options }).values
  if (help === true) return 'help'
  if (only === undefined) return { parts: PARTS, writes: write }
  if (write) throw new OptionError('--write takes all parts')
  const names = only.split(',')
  const unknown = names.filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) throw new OptionError(`--only takes ${NAMES.join(', ')}; not ${unknown.join(', ')}`)
  return { parts: PARTS.filter(({ name }) => names.includes(name)), writes: false }
}

/** Runs the program of a part; what it says goes to standard error, so that the table is all that standard output has. */
async function measure({ name, program, args }: Part, directory: string, signal: AbortSignal): Promise<unknown> {
  const file = join(directory, `${name}.json`)
  const child = spawn(process.execPath, [join(ROOT, program), ...args, '--json', file], {
    cwd: ROOT,
    stdio: ['ignore', process.stderr, process.stderr]
  })
  // A signal, and time to end the service that it started.
  const end = (): void => void child.kill('SIGTERM')
  const ends = AbortSignal.any([signal, AbortSignal.timeout(PART_DEADLINE_MS)])
  ends.addEventListener('abort', end)
  const [code] = (await once(child, 'exit')) as [number | null]
  ends.removeEventListener('abort', end)
  signal.throwIfAborted()
  if (code !== 0) throw new Error(`${name} ended with code ${code}`)
  return JSON.parse(await readFile(file, 'utf8'))
}

async function numbers({ parts, writes }: NumbersOptions): Promise<void> {
  const signal = untilInterrupted()
  const { version } = await resolveRedisServer()
  const machine = machineLine(version, measureSyncMs(), new Date())
  const directory = await mkdtemp(join(tmpdir(), 'assay-numbers-'))
  const measured: Record<string, unknown> = {}
  try {
    for (const [index, part] of parts.entries()) {
      process.stderr.write(`── ${part.name}, ${index + 1} of ${parts.length}\n`)
      measured[part.name] = await measure(part, directory, signal)
    }
  } finally {
    // What was measured before a failure is not lost.
    if (Object.keys(measured).length > 0) process.stdout.write(`${numbersTable(machine, measured)}\n`)
    await rm(directory, { recursive: true })
  }
  if (writes) await writeFile(README, withNumbers(await readFile(README, 'utf8'), numbersTable(machine, measured)))
}

await runProgram('numbers', USAGE, async (args) => {
  const options = parse(args)
  if (options === 'help') process.stdout.write(USAGE)
  else await numbers(options)
})
