import { rankIntervals, rankMetrics } from '../domain/model-metrics.ts'
import type { StrategyRow } from './backtest-tally.ts'

const SEED = 20_261_123
const MAX_RESAMPLES = 1000
const MIN_RESAMPLES = 200
/** Draws of all resamples together: a million rows take seconds, and their interval is narrow anyway. */
const MAX_DRAWS = 50_000_000

/** What ranks: the probability of each decision and what became of the application. */
export interface Ranked {
  readonly pd: readonly number[]
  readonly outcomes: readonly (string | undefined)[]
}

/** How well the model ranks and what the policy makes of it. JSON has no NaN: what cannot be told is null. */
export function summarise({ pd: all, outcomes }: Ranked, strategy: readonly StrategyRow[]) {
  const [pd, bad]: [number[], boolean[]] = [[], []]
  let [outcomesKnown, bads] = [0, 0]
  outcomes.forEach((outcome, index) => {
    if (outcome === undefined) return
    outcomesKnown++
    if (outcome === 'bad') bads++
    if (Number.isNaN(all[index])) return
    pd.push(all[index] as number)
    bad.push(outcome === 'bad')
  })
  const metrics = rankMetrics(pd, bad)
  const resamples = Math.min(MAX_RESAMPLES, Math.max(MIN_RESAMPLES, Math.floor(MAX_DRAWS / Math.max(1, pd.length))))
  const intervals = metrics === null ? null : rankIntervals(pd, bad, { resamples, seed: SEED })
  return {
    n: all.length,
    bads,
    auc: metrics?.auc ?? null,
    aucInterval: intervals?.auc ?? null,
    ks: metrics?.ks ?? null,
    ksInterval: intervals?.ks ?? null,
    ...ratesOf(strategy),
    outcomesKnown
  }
}

/** Over all currencies. */
export function ratesOf(strategy: readonly StrategyRow[]) {
  const all = strategy.filter(({ segment }) => segment === 'all')
  const sum = (of: (row: StrategyRow) => number) => all.reduce((total, row) => total + of(row), 0)
  const [applications, approved] = [sum((row) => row.applications), sum((row) => row.approved)]
  const [known, bads] = [sum((row) => row.approvedKnown), sum((row) => row.approvedBads)]
  return {
    approvalRate: applications === 0 ? null : approved / applications,
    badRateOfApproved: known === 0 ? null : bads / known
  }
}
