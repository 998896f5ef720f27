import { APPENDFSYNC, type Appendfsync } from '../../load-tests/appendfsync.ts'
import { oneOf, parseStrictly, runProgram, untilInterrupted, whole } from '../../load-tests/command-line.ts'
import { createProgress } from '../../load-tests/progress.ts'
import { runKills } from './kill-run.ts'
import { holds, reportJson, reportTable } from './report.ts'

const USAGE = `npm run test:kills -- [options]

Starts the whole service with a Redis of its own, lets applicants post events and apply, retrying until acknowledged,
while kill -9 ends one process after another, and compares every decision with what was acknowledged before it.
The exit code is 1 when a decision missed an acknowledged event, counted one twice, or was lost.

  --decisions 100000   applications, of about a thousand people
  --kills 30           of gateway, ingest, Redis and monitor in turn, spread over the run
  --seed 1             of what is posted and of who is killed when
  --concurrency 32     applicants who post at once
  --appendfsync always as in production, or everysec: then Redis answers before it writes while its disk syncs, and a
                       kill in that moment loses what was answered (docs/redis.md)
  --help               this text
`
const WHOLE = { decisions: [1, 10_000_000], kills: [0, 10_000], seed: [0, 0xffff_ffff], concurrency: [1, 256] } as const

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === 'help') return void process.stdout.write(USAGE)
  const signal = untilInterrupted()
  const progress = createProgress(process.stderr)
  try {
    const report = await runKills({ ...options, signal, progress })
    progress.done()
    process.stdout.write(`${reportTable(report)}${reportJson(report)}\n`)
    process.exitCode = holds(report) ? 0 : 1
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    progress.done()
  }
}

type Options = Record<keyof typeof WHOLE, number> & { readonly appendfsync: Appendfsync }

function readOptions(args: readonly string[]): Options | 'help' {
  const option = (value: string) => ({ type: 'string', default: value }) as const
  const { values } = parseStrictly({
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      decisions: option('100000'),
      kills: option('30'),
      seed: option('1'),
      concurrency: option('32'),
      appendfsync: option('always'),
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help === true) return 'help'
  const read = (name: keyof typeof WHOLE): number => {
    const [least, most] = WHOLE[name]
    return whole(`--${name}`, values[name], least, most)
  }
  return {
    decisions: read('decisions'),
    kills: read('kills'),
    seed: read('seed'),
    concurrency: read('concurrency'),
    appendfsync: oneOf('--appendfsync', values.appendfsync, APPENDFSYNC)
  }
}

await runProgram('test:kills', USAGE, main)
