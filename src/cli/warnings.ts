import { pathToFileURL } from 'node:url'
import { loadModel, modelFolder, readActiveModels } from '../inference/model.ts'
import type { Estimate } from '../warnings/measure.ts'
import { type Command, type CommandArgs, callerPath, required, UsageError } from './command.ts'
import { writeFiles } from './output.ts'
import { type Measured, type MeasureRow, measureFiles, type Selection } from './warnings-measure.ts'

const MODELS = new URL('../../models/', import.meta.url)
const THRESHOLDS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6]
const RESAMPLES = 1000
const SEED = 7

/** assay warnings: how well early warnings told who went bad. */
export const warningsCommand: Command = {
  name: 'warnings',
  summary: 'Measure early warnings on a history: who was warned before going bad, how long before, and how rightly',
  usage: `assay warnings measure --events events.ndjson --applications applications.ndjson [--out FILE]

  --events        canonical events, one a line, in any order
  --applications  accounts: an application with asOf and outcome; those without an outcome are left out. An account goes
                  bad at asOf and its term; warned is who has a warning in force at asOf, from what happened until then
  --out           all figures as JSON as well
  --model DIR     a model folder instead of the early-warning champion of models/active.json
  --thresholds    probabilities from which the model alone warns, by commas: ${THRESHOLDS.join(',')} by default
  --part K/N      only accounts that the hash of their id draws into part K (from 0) of N, as training holds them back
  --from, --until only accounts of these instants: ISO 8601
  --resamples     of the bootstrap, ${RESAMPLES} by default

Replays in order of time, without a server: a scan at the end of each hour in which something happened to an account.`,
  options: {
    events: { type: 'string' },
    applications: { type: 'string' },
    out: { type: 'string' },
    model: { type: 'string' },
    thresholds: { type: 'string' },
    part: { type: 'string' },
    from: { type: 'string' },
    until: { type: 'string' },
    resamples: { type: 'string' }
  },
  run: async (args) => {
    if (args.positionals[0] !== 'measure') throw new UsageError('assay warnings measure')
    await measure(args)
  }
}

async function measure({ values, env, print }: CommandArgs): Promise<void> {
  const path = (name: string) => callerPath(required(values, name), env)
  const folder =
    values.model === undefined ? await championFolder() : pathToFileURL(`${path('model').replace(/\/$/, '')}/`)
  const measured = await measureFiles({
    eventsFile: path('events'),
    applicationsFile: path('applications'),
    model: await loadModel(folder),
    select: selectionOf(values),
    thresholds: values.thresholds === undefined ? THRESHOLDS : numbers(values, 'thresholds'),
    resamples: values.resamples === undefined ? RESAMPLES : (numbers(values, 'resamples')[0] as number),
    seed: SEED
  })
  if (values.out !== undefined)
    await writeFiles([path('out')], async ([out]) => void (await out?.write(`${JSON.stringify(measured, null, 2)}\n`)))
  for (const line of tableOf(measured)) print(line)
  const { accounts, bad, scored } = measured
  print(JSON.stringify({ accounts, bad, scored }))
}

async function championFolder(): Promise<URL> {
  const active = await readActiveModels(MODELS)
  const role = active['early-warning']
  if (role === undefined) throw new UsageError('models/active.json names no early-warning model; give one by --model')
  return modelFolder(MODELS, 'early-warning', role.champion)
}

function selectionOf(values: CommandArgs['values']): Selection {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(typeof values.part === 'string' ? values.part : '') ?? []
  if (values.part !== undefined && (index === undefined || Number(index) >= Number(of)))
    throw new UsageError('--part must be K/N with K below N')
  return {
    fromMs: instant(values, 'from') ?? Number.NEGATIVE_INFINITY,
    untilMs: instant(values, 'until') ?? Number.POSITIVE_INFINITY,
    part: index === undefined ? undefined : { index: Number(index), of: Number(of) }
  }
}

function instant(values: CommandArgs['values'], name: string): number | undefined {
  if (values[name] === undefined) return undefined
  const atMs = Date.parse(required(values, name))
  if (Number.isNaN(atMs)) throw new UsageError(`--${name} must be a date or a time in ISO 8601`)
  return atMs
}

function numbers(values: CommandArgs['values'], name: string): number[] {
  const parsed = required(values, name).split(',').map(Number)
  if (parsed.some((value) => !(value > 0))) throw new UsageError(`--${name} must be numbers above 0`)
  return parsed
}

/** The figures as a table of Markdown, as docs/early-warnings.md has them. */
function tableOf({ rows }: Measured): string[] {
  return [
    '| warned by | from | warned | later-bad warned before | precision | lead time, days: quartiles |',
    '|---|---|---|---|---|---|',
    ...rows.map(lineOf)
  ]
}

function lineOf({ by, from, warned, accounts, recall, precision, leadDays }: MeasureRow): string {
  const lead =
    leadDays === null
      ? '–'
      : `${days(leadDays.lower.value)} · ${estimate(leadDays.median, days)} · ${days(leadDays.upper.value)}`
  return `| ${by} | ${from} | ${warned} (${percent(warned / accounts)}) | ${estimate(recall, percent)} | ${estimate(precision, percent)} | ${lead} |`
}

function estimate(of: Estimate | null, write: (value: number) => string): string {
  return of === null ? '–' : `${write(of.value)} (${write(of.interval[0])} – ${write(of.interval[1])})`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function days(count: number): string {
  return count.toFixed(0)
}
