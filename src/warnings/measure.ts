import { middle95, mulberry32, quantile } from '../domain/model-metrics.ts'

const DAY_MS = 86_400_000

/** An account of the past: what became of it, and since when it had been warned; undefined for not. */
export interface MeasuredAccount {
  readonly isBad: boolean
  /** When it went bad, or would have. */
  readonly outcomeAtMs: number
  readonly warnedSinceMs: number | undefined
}

export type Interval = readonly [low: number, high: number]

/** A share or a number of days with its 95 % interval; null of nothing. */
export interface Estimate {
  readonly value: number
  readonly interval: Interval
}

export interface WarningMeasure {
  readonly accounts: number
  readonly bad: number
  readonly warned: number
  readonly warnedBad: number
  /** Of the accounts that went bad, the share warned before. */
  readonly recall: Estimate | null
  /** Of the warned accounts, the share that went bad. */
  readonly precision: Estimate | null
  /** Days from the warning to the outcome, of accounts that went bad: quartiles. */
  readonly leadDays: { readonly lower: Estimate; readonly median: Estimate; readonly upper: Estimate } | null
}

/**
 * How well warnings told who goes bad. Intervals are percentile bootstraps over accounts, seeded: the same accounts give the
 * same interval. A warning at or after the outcome is none.
 */
export function measureWarnings(
  accounts: readonly MeasuredAccount[],
  { resamples, seed }: { readonly resamples: number; readonly seed: number }
): WarningMeasure {
  const isWarned = ({ warnedSinceMs, outcomeAtMs }: MeasuredAccount) =>
    warnedSinceMs !== undefined && warnedSinceMs < outcomeAtMs
  const bads = Uint8Array.from(accounts, ({ isBad }) => Number(isBad))
  const warned = Uint8Array.from(accounts, (account) => Number(isWarned(account)))
  const lead = Float64Array.from(
    accounts,
    ({ warnedSinceMs = Number.NaN, outcomeAtMs }) => (outcomeAtMs - warnedSinceMs) / DAY_MS
  )
  const all = tally(accounts.length, bads, warned, lead, (row) => row)
  const drawn: Tally[] = []
  const random = mulberry32(seed)
  for (let resample = 0; resample < resamples; resample++)
    drawn.push(tally(accounts.length, bads, warned, lead, () => Math.floor(random() * accounts.length)))
  const estimate = (read: (of: Tally) => number): Estimate | null => {
    const value = read(all)
    const values = drawn.map(read).filter((each) => !Number.isNaN(each))
    return Number.isNaN(value) || values.length === 0 ? null : { value, interval: middle95(values) }
  }
  const [lower, median, upper] = [0, 1, 2].map((at) => estimate(({ quartiles }) => quartiles[at] as number))
  return {
    accounts: accounts.length,
    bad: all.bad,
    warned: all.warned,
    warnedBad: all.warnedBad,
    recall: estimate(({ bad, warnedBad }) => warnedBad / bad),
    precision: estimate((of) => of.warnedBad / of.warned),
    leadDays: lower && median && upper ? { lower, median, upper } : null
  }
}

interface Tally {
  readonly bad: number
  readonly warned: number
  readonly warnedBad: number
  readonly quartiles: readonly number[]
}

function tally(
  count: number,
  bads: Uint8Array,
  warnedOf: Uint8Array,
  leadOf: Float64Array,
  draw: (index: number) => number
): Tally {
  let [bad, warned] = [0, 0]
  const leads: number[] = []
  for (let index = 0; index < count; index++) {
    const row = draw(index)
    bad += bads[row] as number
    warned += warnedOf[row] as number
    if (bads[row] === 1 && warnedOf[row] === 1) leads.push(leadOf[row] as number)
  }
  const sorted = Float64Array.from(leads).sort()
  const quartiles = [0.25, 0.5, 0.75].map((share) => (sorted.length === 0 ? Number.NaN : quantile(sorted, share)))
  return { bad, warned, warnedBad: sorted.length, quartiles }
}
