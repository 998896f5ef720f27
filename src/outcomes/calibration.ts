import { type RankMetrics, rankMetricsOfCounts } from '../domain/model-metrics.ts'

/** Bins of equal width in the log-odds of the probability, where scores lie; what is beyond counts in the outer ones. */
export const PD_BINS = 50
const LOWEST_LOG_ODDS = -5
const BIN_LOG_ODDS = 0.2
/** Of good and of bad each: below it the numbers say more about chance than about the model (domain reference, section 5). */
const MIN_OF_EACH = 100

/** Decisions of one model whose outcome is known. */
export interface Calibration {
  /** By bin of their probability. */
  readonly good: Float64Array
  readonly bad: Float64Array
  /** Sum of the probabilities by bin. */
  readonly expected: Float64Array
  /** Sum of the probabilities of the bad ones, and of the squares of all. */
  readonly pdOfBad: number
  readonly pdSquared: number
}

export interface CalibrationMetrics {
  readonly good: number
  readonly bad: number
  /** Null below MIN_OF_EACH. AUC and KS are of the bins, within a hundredth of those of the rows. */
  readonly quality: (RankMetrics & { readonly brier: number; readonly observedExpected: number }) | null
}

/** The bin of a usable probability. */
export function pdBin(pd: number): number {
  const bin = Math.floor((Math.log(pd / (1 - pd)) - LOWEST_LOG_ODDS) / BIN_LOG_ODDS)
  return Math.min(PD_BINS - 1, Math.max(0, bin))
}

export function measureCalibration({ good, bad, expected, pdOfBad, pdSquared }: Calibration): CalibrationMetrics {
  const [goods, bads, expectedBads] = [sum(good), sum(bad), sum(expected)]
  const rank = rankMetricsOfCounts(good, bad)
  if (rank === null || goods < MIN_OF_EACH || bads < MIN_OF_EACH) return { good: goods, bad: bads, quality: null }
  // Σ(p − y)², y = 1 for bad: Σp² − 2·Σp of the bad + the bad.
  const brier = (pdSquared - 2 * pdOfBad + bads) / (goods + bads)
  return { good: goods, bad: bads, quality: { ...rank, brier, observedExpected: bads / expectedBads } }
}

function sum(values: Float64Array): number {
  let total = 0
  for (const value of values) total += value
  return total
}
