import { resolve } from 'node:path'
import { writeFiles } from '../../src/cli/output.ts'
import { OptionError, oneOf, parseStrictly, whole } from '../command-line.ts'
import { SCENARIOS, type ScenarioName } from './assumptions.ts'
import { createSimulator, type SimulatorOptions } from './simulator.ts'
import { createTally, type Summary } from './summary.ts'

const USAGE = `npm run simulate -- --out DIR [options]

Writes a simulated stream of applicants, honest and fraudulent, in the format of assay import: events.ndjson and
applications.ndjson (outcome bad is fraud, with label noise), truth.ndjson (who really was what: never for training) and
summary.json. The same options give the same bytes. assay export makes the table to train on.

  --out DIR            where to
  --seed 1             another seed, other people
  --applicants 20000   how many people arrive
  --days 60            over how many days
  --start 2026-01-01   the first of them
  --scenario training  or shifted: other shares and rates, to test on
  --help               this text
`

const SPEC = {
  out: { type: 'string' },
  seed: { type: 'string', default: '1' },
  applicants: { type: 'string', default: '20000' },
  days: { type: 'string', default: '60' },
  start: { type: 'string', default: '2026-01-01' },
  scenario: { type: 'string', default: 'training' },
  help: { type: 'boolean', short: 'h', default: false }
} as const
const MAX_APPLICANTS = 10_000_000
const MAX_DAYS = 3650

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseStrictly({ args: [...args], options: SPEC })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  if (values.out === undefined) throw new OptionError('--out is required')
  const scenario = oneOf('--scenario', values.scenario, Object.keys(SCENARIOS) as ScenarioName[])
  const startMs = Date.parse(`${values.start}T00:00:00Z`)
  if (Number.isNaN(startMs)) throw new OptionError('--start takes a day such as 2026-01-01')
  const options: SimulatorOptions = {
    seed: whole('--seed', values.seed, 0, 0xffff_ffff),
    applicants: whole('--applicants', values.applicants, 1, MAX_APPLICANTS),
    days: whole('--days', values.days, 1, MAX_DAYS),
    startMs,
    assumptions: SCENARIOS[scenario]
  }
  const summary = await write(resolve(process.env.INIT_CWD ?? '.', values.out), options, scenario)
  process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
}

async function write(out: string, options: SimulatorOptions, scenario: ScenarioName): Promise<Summary> {
  const names = ['events.ndjson', 'applications.ndjson', 'truth.ndjson', 'summary.json']
  const tally = createTally()
  return writeFiles(
    names.map((name) => `${out}/${name}`),
    async ([events, applications, truths, told]) => {
      for (const item of createSimulator(options).items()) {
        tally.add(item)
        if (item.kind === 'event') await events?.write(`${JSON.stringify(item.event)}\n`)
        else {
          const { request, truth, atMs } = item
          const { applicationId } = request
          await applications?.write(`${JSON.stringify({ ...request, asOf: atMs, outcome: truth.outcome })}\n`)
          await truths?.write(`${JSON.stringify({ applicationId, ...truth })}\n`)
        }
      }
      const { seed, applicants, days, startMs } = options
      const summary = { ...tally.summary(), options: { scenario, seed, applicants, days, startMs } }
      await told?.write(`${JSON.stringify(summary, null, 2)}\n`)
      return summary
    }
  )
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof OptionError)) throw error
  process.stderr.write(`simulate: ${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}
