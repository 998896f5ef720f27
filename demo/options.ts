import { OptionError, parseStrictly, whole } from '../load-tests/command-line.ts'

export interface DemoOptions {
  readonly seed: number
  readonly people: number
  readonly days: number
  readonly startMs: number
  readonly keep: boolean
  readonly jsonFile: string | undefined
}

export const USAGE = `npm run demo -- [options]

A year in a minute or two: starts a service of its own (nothing of yours is touched) and lives a simulated year on it, with
applications, decisions, reviews, loans, repayments, trouble, an attack and a drift, on a clock that runs faster. Prints what
came of it, and ends everything.

  --keep               go on as steady traffic afterwards, for the dashboards, until Ctrl-C
  --seed 1             another seed, another year; the same seed and start decide the same
  --people 1000        how many people come in the year
  --days 365           how long the year is
  --start 2026-01-31   its first day; --days ago when left out, so that it ends today
  --json FILE          the summary, in full
  --help               this text
`

const SPEC = {
  keep: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  people: { type: 'string', default: '1000' },
  days: { type: 'string', default: '365' },
  start: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false }
} as const
const MAX_PEOPLE = 100_000
const MAX_DAYS = 730
const DAY_MS = 86_400_000

export function readOptions(args: readonly string[], nowMs: number): DemoOptions | 'help' {
  const { values } = parseStrictly({ args: [...args], options: SPEC })
  if (values.help) return 'help'
  const days = whole('--days', values.days, 1, MAX_DAYS)
  const startMs =
    values.start === undefined ? Math.floor(nowMs / DAY_MS - days) * DAY_MS : Date.parse(`${values.start}T00:00:00Z`)
  if (Number.isNaN(startMs)) throw new OptionError('--start takes a day such as 2026-01-31')
  // Redis dates its streams by the real time: what lies ahead of it would be taken for old and trimmed.
  if (startMs + days * DAY_MS > nowMs) throw new OptionError('--start and --days must end by today')
  return {
    seed: whole('--seed', values.seed, 0, 0xffff_ffff),
    people: whole('--people', values.people, 1, MAX_PEOPLE),
    days,
    startMs,
    keep: values.keep,
    jsonFile: values.json
  }
}
