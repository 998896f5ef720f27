import { APPENDFSYNC, type Appendfsync } from '../appendfsync.ts'
import { OptionError, oneOf, parseStrictly, whole } from '../command-line.ts'
import { SCENARIOS, type Scenario } from './catalogue.ts'

export interface ScenariosOptions {
  readonly scenarios: readonly Scenario[]
  readonly seed: number
  readonly appendfsync: Appendfsync
  /** In the place of what the scenario says. */
  readonly rate: number | undefined
  readonly seconds: number | undefined
  readonly jsonFile: string | undefined
  readonly htmlFile: string | undefined
  readonly baselineFile: string | undefined
}

const LONG = 'soak'
const MAX_RATE = 50_000
const MAX_SECONDS = 7200

export const USAGE = `npm run load:scenarios -- [names] [options]

Runs each scenario against a service of its own, beside a route that does nothing. Without names: all but ${LONG}, about
seven minutes.

${SCENARIOS.map(({ name, proves }) => `  ${name.padEnd(14)} ${proves}`).join('\n')}

  --rate N           requests a second, in the place of the scenario's
  --seconds N        length of each phase, in the place of the scenario's
  --seed 1           of traffic and arrivals
  --appendfsync always   of Redis, or everysec
  --html FILE        the report as one page with plots
  --json FILE        all numbers; may be the baseline of another run
  --baseline FILE    says how much this run parts from that one, as multiples of the no-op route of each session
  --help             this text
`

const SPEC = {
  rate: { type: 'string' },
  seconds: { type: 'string' },
  seed: { type: 'string' },
  appendfsync: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  baseline: { type: 'string' },
  help: { type: 'boolean', short: 'h' }
} as const

/** The options, or 'help'. @throws OptionError */
export function parseScenariosOptions(args: readonly string[]): ScenariosOptions | 'help' {
  const { values, positionals } = parseStrictly({ args: [...args], options: SPEC, allowPositionals: true })
  if (values.help === true) return 'help'
  const names =
    positionals.length === 0 ? SCENARIOS.map(({ name }) => name).filter((name) => name !== LONG) : positionals
  const scenarios = names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name)
    if (found === undefined) throw new OptionError(`no scenario is called ${JSON.stringify(name)}`)
    return found
  })
  return {
    scenarios,
    appendfsync: oneOf('--appendfsync', values.appendfsync ?? 'always', APPENDFSYNC),
    seed: whole('--seed', values.seed ?? '1', 0, 0xffff_ffff),
    rate: values.rate === undefined ? undefined : whole('--rate', values.rate, 1, MAX_RATE),
    seconds: values.seconds === undefined ? undefined : whole('--seconds', values.seconds, 4, MAX_SECONDS),
    jsonFile: values.json,
    htmlFile: values.html,
    baselineFile: values.baseline
  }
}
