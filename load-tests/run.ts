import { writeFileSync } from 'node:fs'
import { assertWritable, runProgram, untilInterrupted } from './command-line.ts'
import { jsonReport, machine } from './json-report.ts'
import { type LoadOptions, parseOptions, USAGE } from './options.ts'
import { createProgress } from './progress.ts'
import { checkGoals } from './results.ts'
import { runSession } from './session.ts'
import { startServiceUnderTest } from './stack.ts'
import { goalsTable } from './tables.ts'

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  if (options === 'help') return void process.stdout.write(USAGE)
  for (const file of [options.jsonFile, options.profileFile]) if (file !== undefined) assertWritable(file)
  await load(options)
}

async function load(options: LoadOptions): Promise<void> {
  const startedAt = new Date().toISOString()
  const progress = createProgress(process.stderr)
  const print = (text: string): void => {
    progress.done()
    process.stdout.write(`${text}\n`)
  }
  const signal = untilInterrupted()
  progress.tick('starting Redis, gateway, ingest and monitor')
  const service = await startServiceUnderTest({
    note: progress.note,
    profiled: options.profileFile !== undefined,
    signal,
    appendfsync: options.appendfsync
  })
  try {
    const { node, redis, cpu } = machine(service.redisVersion)
    print(`Assay load test: Node ${node}, Redis ${redis}, ${cpu}, all processes and generators on it`)
    const results = await runSession({ service, options, progress, print, signal })
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

await runProgram('load', USAGE, main)
