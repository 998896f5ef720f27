import { readFileSync, writeFileSync } from 'node:fs'
import { OptionError, runProgram, untilInterrupted } from '../command-line.ts'
import { machine } from '../json-report.ts'
import { createProgress } from '../progress.ts'
import { startServiceUnderTest } from '../stack.ts'
import { compare } from './baseline.ts'
import { htmlReport } from './html.ts'
import { parseScenariosOptions, type ScenariosOptions, USAGE } from './options.ts'
import { comparisonText, type ScenarioReport, type ScenariosReport, scenarioText } from './report.ts'
import { runScenario } from './scenario-run.ts'

/** Without the limit that holds jobs back in production. */
const FLAT_OUT = '100000'

async function main(args: readonly string[]): Promise<void> {
  const options = parseScenariosOptions(args)
  if (options === 'help') return void process.stdout.write(USAGE)
  // Before the minutes that a run takes, not after them.
  const baseline = options.baselineFile === undefined ? [] : readBaseline(options.baselineFile)
  for (const file of [options.jsonFile, options.htmlFile])
    if (file !== undefined) writeFileSync(file, '', { flag: 'a' })
  await runAll(options, baseline)
}

async function runAll(options: ScenariosOptions, baseline: readonly ScenarioReport[]): Promise<void> {
  const startedAt = new Date().toISOString()
  const progress = createProgress(process.stderr)
  const signal = untilInterrupted()
  const scenarios: ScenarioReport[] = []
  let redisVersion = ''
  for (const scenario of options.scenarios) {
    progress.tick(`${scenario.name}: starting Redis, gateway, ingest and monitor`)
    const service = await startServiceUnderTest({
      note: progress.note,
      profiled: false,
      signal,
      appendfsync: options.appendfsync,
      ...(scenario.name === 'monitoring' && {
        monitors: 2,
        env: { JOBS_PER_SECOND: process.env.JOBS_PER_SECOND ?? FLAT_OUT }
      })
    })
    try {
      redisVersion = service.redisVersion
      const { rate = scenario.rate, seconds = scenario.seconds, seed } = options
      const report = await runScenario({
        scenario,
        service,
        rate,
        seconds,
        seed,
        progress,
        signal
      })
      scenarios.push(report)
      progress.done()
      process.stdout.write(`${scenarioText(report)}\n`)
    } finally {
      await service.stop()
      progress.done()
    }
  }
  const compared = compare(scenarios, baseline)
  if (options.baselineFile !== undefined) process.stdout.write(comparisonText(compared, options.baselineFile))
  const report: ScenariosReport = { startedAt, machine: machine(redisVersion), seed: options.seed, scenarios }
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(report, null, 1)}\n`)
  if (options.htmlFile !== undefined) writeFileSync(options.htmlFile, htmlReport(report, compared))
}

function readBaseline(file: string): readonly ScenarioReport[] {
  try {
    const { scenarios } = JSON.parse(readFileSync(file, 'utf8')) as ScenariosReport
    if (Array.isArray(scenarios)) return scenarios
  } catch (cause) {
    throw new OptionError(`${file} cannot be read as the JSON of an earlier run`, { cause })
  }
  throw new OptionError(`${file} is not the JSON of an earlier run`)
}

await runProgram('load:scenarios', USAGE, main)
