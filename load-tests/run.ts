import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OptionError } from './command-line.ts'
import { jsonReport, machine } from './json-report.ts'
import { type LoadOptions, parseOptions, USAGE } from './options.ts'
import { createProgress } from './progress.ts'
import { checkGoals } from './results.ts'
import { runSession } from './session.ts'
import { startServiceUnderTest } from './stack.ts'
import { goalsTable } from './tables.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

class Interrupted extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options === 'help') {
    process.stdout.write(USAGE)
    return 0
  }
  for (const file of [options.jsonFile, options.profileFile]) assertWritable(file)
  await load(options)
  return 0
}

async function load(options: LoadOptions): Promise<void> {
  const startedAt = new Date().toISOString()
  const progress = createProgress(process.stderr)
  const print = (text: string): void => {
    progress.done()
    process.stdout.write(`${text}\n`)
  }
  const interruption = new AbortController()
  for (const signal of SIGNALS) {
    process.on(signal, () => interruption.abort(new Interrupted(`ended by ${signal}`)))
  }
  progress.tick('starting Redis, gateway, ingest and monitor')
  const service = await startServiceUnderTest({
    note: progress.note,
    profiled: options.profileFile !== undefined,
    signal: interruption.signal,
    appendfsync: options.appendfsync
  })
  try {
    const { node, redis, cpu } = machine(service.redisVersion)
    print(`Assay load test: Node ${node}, Redis ${redis}, ${cpu}, all processes and generators on it`)
    const results = await runSession({ service, options, progress, print, signal: interruption.signal })
    print(goalsTable(checkGoals(results)))
    if (options.jsonFile !== undefined) {
      const report = jsonReport(results, options, { startedAt, redisVersion: service.redisVersion })
      writeFileSync(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`)
    }
  } finally {
    progress.tick('ending everything')
    await service.stop()
    progress.done()
  }
}

/** Before the minute that a run takes, not after it. */
function assertWritable(file: string | undefined): void {
  if (file === undefined) return
  try {
    accessSync(dirname(resolve(file)), constants.W_OK)
  } catch (cause) {
    throw new OptionError(`${file} cannot be written`, { cause })
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof OptionError
  process.stderr.write(
    `load: ${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${USAGE}` : ''}`
  )
  process.exitCode = isUsage ? 2 : error instanceof Interrupted ? 130 : 1
}
