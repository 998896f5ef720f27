import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { rankIntervals, rankMetrics } from '../domain/model-metrics.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import { createFeatureSet } from '../features/vector.ts'
import { activeModelFolder, loadModel } from '../inference/model.ts'
import { loadPolicy } from '../policy/load.ts'
import { loadRules } from '../policy/load-rules.ts'
import { type Decided, runBacktest } from './backtest-run.ts'
import { type Command, type CommandArgs, callerPath, required, UsageError } from './command.ts'
import { readHistories } from './history-files.ts'
import { writeFiles } from './output.ts'

const MODELS = new URL('../../models/', import.meta.url)
const POLICY = new URL('../../policies/baseline.json', import.meta.url)
const MAX_THREADS = 64
const BOOTSTRAP = { resamples: 1000, seed: 20_261_123 }

/** assay backtest: what the service would have decided. */
export const backtestCommand: Command = {
  name: 'backtest',
  summary: 'Decide applications of the past as the service would have, without a server',
  usage: `assay backtest --events events.ndjson --applications applications.ndjson --out decisions.ndjson

  --events         canonical events, one a line, in any order
  --applications   applications with asOf and, where known, outcome
  --out            one line for each application, in order of time: applicationId, asOf, pd, score, band, decision, reasons
  --vectors        add the named features to each line; null is missing
  --threads N      scoring threads, 1 by default
  --model DIR      a model folder instead of the champion of models/active.json
  --policy FILE    a policy instead of policies/baseline.json

The last line on stdout is one JSON object: n, bads, auc and ks with 95 % bootstrap intervals (null where no outcomes are
known), approvalRate, badRateOfApproved, decisionsPerSecond.`,
  options: {
    events: { type: 'string' },
    applications: { type: 'string' },
    out: { type: 'string' },
    vectors: { type: 'boolean' },
    threads: { type: 'string' },
    model: { type: 'string' },
    policy: { type: 'string' }
  },
  run: async (args) => {
    const { values, env, print } = args
    const path = (name: string) => callerPath(required(values, name), env)
    const [eventsFile, applicationsFile, out] = [path('events'), path('applications'), path('out')]
    const threads = threadsOf(values.threads)
    const featureSet = createFeatureSet(CATALOGUE)
    const rules = await loadRules()
    const { policy, id: policyId } = await loadPolicy(policyFile(args), featureSet.names, rules)
    const model = await loadModel(await modelFolder(args))
    const histories = await readHistories(eventsFile, applicationsFile)
    const decided: Decided[] = []
    let startedAtMs = 0
    const onReady = () => {
      startedAtMs = performance.now()
    }
    await writeFiles([out], async ([decisions]) => {
      for await (const decision of runBacktest({ ...histories, featureSet, model, policy, rules, threads, onReady })) {
        await decisions?.write(`${lineOf(decision, values.vectors === true ? featureSet.names : null)}\n`)
        decided.push(decision)
      }
    })
    const seconds = (performance.now() - startedAtMs) / 1000
    const summary = { ...summarise(decided), decisionsPerSecond: Math.round(decided.length / seconds) }
    print(JSON.stringify({ ...summary, model: model.id, policy: policyId, featureSet: featureSet.id }))
  }
}

function threadsOf(value: CommandArgs['values'][string]): number {
  const threads = value === undefined ? 1 : Number(value)
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads
  throw new UsageError(`--threads takes a whole number from 1 to ${MAX_THREADS}`)
}

async function modelFolder({ values: { model }, env }: CommandArgs): Promise<URL> {
  if (typeof model !== 'string') return activeModelFolder(MODELS, 'credit')
  return pathToFileURL(`${callerPath(model, env)}/`)
}

function policyFile({ values: { policy }, env }: CommandArgs): URL {
  return typeof policy === 'string' ? pathToFileURL(callerPath(policy, env)) : POLICY
}

function lineOf({ past, values, pd, verdict }: Decided, featureNames: readonly string[] | null): string {
  const { outcome, score, reasons } = verdict
  return JSON.stringify({
    applicationId: past.application.applicationId,
    asOf: past.asOf,
    pd,
    score: score?.points ?? null,
    band: score?.band ?? null,
    decision: outcome,
    reasons: reasons.map(({ code }) => code),
    ...(featureNames !== null && { vector: Object.fromEntries(featureNames.map((name, at) => [name, values[at]])) })
  })
}

/** JSON has no NaN: what cannot be told is null. */
function summarise(decided: readonly Decided[]): object {
  const known = decided.filter(({ past }) => past.outcome !== undefined)
  const isBad = ({ past }: Decided) => past.outcome === 'bad'
  const ranked = known.filter(({ pd }) => !Number.isNaN(pd))
  const pd = ranked.map((decision) => decision.pd)
  const bad = ranked.map(isBad)
  const metrics = rankMetrics(pd, bad)
  const intervals = metrics === null ? null : rankIntervals(pd, bad, BOOTSTRAP)
  const isApproved = ({ verdict }: Decided) => verdict.outcome === 'APPROVE'
  return {
    n: decided.length,
    bads: known.filter(isBad).length,
    auc: metrics?.auc ?? null,
    aucInterval: intervals?.auc ?? null,
    ks: metrics?.ks ?? null,
    ksInterval: intervals?.ks ?? null,
    approvalRate: share(decided, isApproved),
    badRateOfApproved: share(known.filter(isApproved), isBad),
    outcomesKnown: known.length
  }
}

function share(decided: readonly Decided[], counts: (decision: Decided) => boolean): number | null {
  return decided.length === 0 ? null : decided.filter(counts).length / decided.length
}
