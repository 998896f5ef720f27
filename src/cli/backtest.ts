import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { CATALOGUE } from '../features/catalogue.ts'
import { createFeatureSet, type FeatureSet } from '../features/vector.ts'
import { activeModelFolder, loadModel, type VerifiedModel } from '../inference/model.ts'
import { type LoadedPolicy, loadPolicy } from '../policy/load.ts'
import { loadEntry, readActivePolicies } from '../serving/active-policy.ts'
import { ASSUMPTIONS, type Assumptions } from '../serving/economics.ts'
import { estimateLines, runDecided } from './backtest-decided.ts'
import { type CaseNames, type Decided, lineOf } from './backtest-line.ts'
import { openResumable, readRanked } from './backtest-output.ts'
import { compileForBacktest, runBacktest } from './backtest-run.ts'
import { ratesOf, summarise } from './backtest-summary.ts'
import { strategyLines } from './backtest-table.ts'
import { createTally } from './backtest-tally.ts'
import { type Command, type CommandArgs, callerPath, required, UsageError } from './command.ts'
import { fileError } from './data-error.ts'
import { readHistories } from './history-files.ts'
import { policyReading } from './policy-check.ts'
import { policiesFolder, policyFile } from './policy-folder.ts'
import { swapSetLines } from './policy-report.ts'

const MODELS = new URL('../../models/', import.meta.url)
const MAX_THREADS = 64
const SAVE_EVERY_MS = 2000
const SIGINT_CODE = 130

/** assay backtest: what the service would have decided. */
export const backtestCommand: Command = {
  name: 'backtest',
  summary: 'Decide applications of the past as the service would have, without a server',
  usage: `assay backtest --events events.ndjson --applications applications.ndjson --out decisions.ndjson
assay backtest --decided decisions.ndjson --policy FILE --out others.ndjson    what was scored once, by another policy

  --events         canonical events, one a line, in any order
  --applications   applications with asOf and, where known, outcome
  --decided        instead of both: the output of an earlier backtest --vectors; nothing is scored again, so a decline for the
                   score has no reasons
  --out            one line for each application, in order of time: applicationId, asOf, outcome, pd, score, band, decision, reasons
  --vectors        add the named features (null is missing) and what was asked for to each line
  --threads N      scoring threads, 1 by default
  --model DIR      a model folder instead of the champion of models/active.json
  --policy FILE    a policy instead of the active one of policies/active.json
  --compare        decide by the active policy as well: its table, and who changes sides
  --policies DIR   the folder of the policies; else POLICIES_DIR, as the gateway, or policies/ of the release
  --lgd, --funding, --cost   share of the outstanding that a default loses, funding a year, cost as a share of the amount:
                   ${ASSUMPTIONS.lossGivenDefault}, ${ASSUMPTIONS.fundingRate} and ${ASSUMPTIONS.costShare} by default
  --resume         go on where the same call was stopped by Ctrl-C or killed

Prints the strategy table: approval and bad rates, expected and realised loss and margin by band, product and earlier loans.
The last line on stdout is one JSON object: n, bads, auc and ks with 95 % bootstrap intervals (null where no outcomes are
known), approvalRate, badRateOfApproved, decisionsPerSecond, strategy and, with --compare, compared and swapSet.`,
  options: {
    events: { type: 'string' },
    applications: { type: 'string' },
    decided: { type: 'string' },
    out: { type: 'string' },
    vectors: { type: 'boolean' },
    threads: { type: 'string' },
    model: { type: 'string' },
    policy: { type: 'string' },
    compare: { type: 'boolean' },
    policies: { type: 'string' },
    lgd: { type: 'string' },
    funding: { type: 'string' },
    cost: { type: 'string' },
    resume: { type: 'boolean' }
  },
  run: async (args) => {
    const stopping = new AbortController()
    const stop = () => stopping.abort()
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    try {
      await backtest(args, stopping.signal)
    } finally {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    }
  }
}

/** The command; `stopping` ends it between two decisions, to be resumed. */
export async function backtest(args: CommandArgs, stopping: Pick<AbortSignal, 'aborted'>): Promise<void> {
  const { values, print, progress } = args
  const out = callerPath(required(values, 'out'), args.env)
  const assumptions = assumptionsOf(args)
  const featureSet = createFeatureSet(CATALOGUE)
  const policy = await policyOf(args)
  const compare = values.compare === true ? await activePolicy(args) : null
  const model = await loadModel(await modelFolder(args))
  const source = sourceOf(args, { featureSet, model, policy, compare })
  const withCase = values.vectors === true
  const ids = [policy.id, compare?.id, model.id, featureSet.id, withCase, assumptions]
  const output = await openResumable(out, await fingerprintOf(ids, source.files), values.resume === true)
  const ranked = output.from === undefined ? { pd: [], outcomes: [] } : await readRanked(out)
  const tally = createTally(featureSet.names, assumptions, output.from?.tally)
  const names: CaseNames | null = withCase
    ? { features: featureSet.names, model: model.id, featureSet: featureSet.id }
    : null
  const before = ranked.pd.length
  let [startedAtMs, savedAtMs] = [performance.now(), performance.now()]
  try {
    const total = await source.total()
    const onReady = () => {
      startedAtMs = performance.now()
    }
    for await (const decided of source.run(before, onReady)) {
      if (stopping.aborted) break
      await output.write(lineOf(decided, names))
      ranked.pd.push(decided.pd)
      ranked.outcomes.push(decided.outcome)
      tally.add(decided)
      if (performance.now() < savedAtMs + SAVE_EVERY_MS) continue
      savedAtMs = performance.now()
      await output.save(ranked.pd.length, tally.state())
      progress(progressLine(ranked.pd.length, before, total, savedAtMs - startedAtMs))
    }
  } catch (error) {
    await output.discard()
    throw error
  }
  if (stopping.aborted) {
    await output.save(ranked.pd.length, tally.state())
    await output.stop()
    progress(`backtest: stopped after ${ranked.pd.length} decisions; the same call with --resume goes on`)
    process.exitCode = SIGINT_CODE
    return
  }
  await output.finish()
  const seconds = (performance.now() - startedAtMs) / 1000
  const strategy = tally.strategy()
  const summary = {
    ...summarise(ranked, strategy),
    decisionsPerSecond: Math.round((ranked.pd.length - before) / seconds),
    model: model.id,
    policy: policy.id,
    featureSet: featureSet.id,
    assumptions,
    strategy
  }
  for (const line of strategyLines(policy.id, strategy)) print(line)
  if (compare === null) return print(JSON.stringify(summary))
  const [compared, swapSet] = [tally.compared(), tally.swapSet()]
  for (const line of strategyLines(`${compare.id}, the active policy`, compared)) print(line)
  print(`from ${compare.id} to ${policy.id}`)
  for (const line of [...swapSetLines(swapSet), '']) print(line)
  print(
    JSON.stringify({ ...summary, compared: { policy: compare.id, ...ratesOf(compared), strategy: compared }, swapSet })
  )
}

interface Source {
  /** What the decisions depend on. */
  readonly files: readonly string[]
  /** Decisions to come, where that can be told. */
  readonly total: () => Promise<number | undefined>
  readonly run: (skip: number, onReady: () => void) => AsyncGenerator<Decided>
}

interface SourceDeps {
  readonly featureSet: FeatureSet
  readonly model: VerifiedModel
  readonly policy: LoadedPolicy
  readonly compare: LoadedPolicy | null
}

function sourceOf(args: CommandArgs, deps: SourceDeps): Source {
  const { values, env } = args
  if (typeof values.decided === 'string') {
    if (values.events !== undefined || values.applications !== undefined)
      throw new UsageError('--decided takes the place of --events and --applications')
    const file = callerPath(values.decided, env)
    const { featureSet, model, policy, compare } = deps
    const decide = compileForBacktest(policy, model, featureSet)
    const again = compare && compileForBacktest(compare, model, featureSet)
    return {
      files: [file],
      total: () => estimateLines(file),
      run: (skip) => runDecided({ file, featureSet, model, decide, compare: again, skip })
    }
  }
  const files = ['events', 'applications'].map((name) => callerPath(required(values, name), env))
  const [eventsFile = '', applicationsFile = ''] = files
  const threads = threadsOf(values.threads)
  let histories: ReturnType<typeof readHistories> | undefined
  const read = () => {
    histories ??= readHistories(eventsFile, applicationsFile)
    return histories
  }
  return {
    files,
    total: async () => (await read()).applications.length,
    run: async function* (skip, onReady) {
      yield* runBacktest({ ...(await read()), ...deps, threads, skip, onReady })
    }
  }
}

function threadsOf(value: CommandArgs['values'][string]): number {
  const threads = value === undefined ? 1 : Number(value)
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads
  throw new UsageError(`--threads takes a whole number from 1 to ${MAX_THREADS}`)
}

function assumptionsOf({ values }: CommandArgs): Assumptions {
  const ratio = (name: string, fallback: number) => {
    const value = values[name]
    if (value === undefined) return fallback
    const number = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
    if (number >= 0 && number <= 1) return number
    throw new UsageError(`--${name} takes a ratio from 0 to 1`)
  }
  return {
    lossGivenDefault: ratio('lgd', ASSUMPTIONS.lossGivenDefault),
    fundingRate: ratio('funding', ASSUMPTIONS.fundingRate),
    costShare: ratio('cost', ASSUMPTIONS.costShare)
  }
}

async function modelFolder({ values: { model }, env }: CommandArgs): Promise<URL> {
  if (typeof model !== 'string') return activeModelFolder(MODELS, 'credit')
  return pathToFileURL(`${callerPath(model, env)}/`)
}

async function policyOf(args: CommandArgs): Promise<LoadedPolicy> {
  const { policy } = args.values
  if (typeof policy !== 'string') return activePolicy(args)
  const folder = policiesFolder(args)
  const { featureNames, rules } = await policyReading(folder)
  return loadPolicy(policyFile(policy, folder, args.env), featureNames, rules)
}

async function activePolicy(args: CommandArgs): Promise<LoadedPolicy> {
  const folder = policiesFolder(args)
  return loadEntry(folder, (await readActivePolicies(folder)).active, await policyReading(folder))
}

/** The same for the same inputs and options; a file is told by its size and its time. */
async function fingerprintOf(ids: readonly unknown[], files: readonly string[]): Promise<string> {
  const stats = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file).catch((error) => {
        throw fileError(file, error)
      })
      return [size, mtimeMs]
    })
  )
  return createHash('sha256')
    .update(JSON.stringify([ids, stats]))
    .digest('hex')
}

function progressLine(done: number, before: number, total: number | undefined, elapsedMs: number): string {
  const perSecond = ((done - before) / Math.max(elapsedMs, 1)) * 1000
  const rate = `backtest: ${done} decisions, ${Math.round(perSecond)}/s`
  if (total === undefined) return rate
  return `${rate}, ${Math.min(100, Math.floor((done / Math.max(total, 1)) * 100))} %, ${Math.max(0, Math.round((total - done) / Math.max(perSecond, 1)))} s to go`
}
