import { BUCKETS, type Bucket } from './buckets.ts'
import { type LoanHistory, loanAsOf } from './fold-loan.ts'
import { isRunning, type Loan } from './loan-schema.ts'
import { addMonths, monthEndMs, sharePpm } from './month-end.ts'

/** Where a balance can be at a month’s end: in a bucket, paid off, or given up. */
export const ROLL_PLACES = [...BUCKETS, 'closed', 'written_off'] as const
export type RollPlace = (typeof ROLL_PLACES)[number]

export interface RollRates {
  readonly month: string
  /** Balance at the end of the month before, by where it was then and where its loans are now. Whole minor units. */
  readonly matrix: Readonly<Record<Bucket, Readonly<Record<RollPlace, number>>>>
  /** Of loans that ran at the end of the month before: how many stood in each bucket. */
  readonly loans: Readonly<Record<Bucket, number>>
  /** Balance in each bucket at the end of the month before, and of this month. */
  readonly beforeMinor: Readonly<Record<Bucket, number>>
  readonly nowMinor: Readonly<Record<Bucket, number>>
  /** Balance in a bucket now over the balance in the one before it a month ago; null of nothing. */
  readonly rollPpm: Readonly<Record<Exclude<Bucket, 'M0'>, number | null>>
}

/**
 * How balances moved between buckets in a month. Loans paid out during it have no month before and are only in `nowMinor`.
 *
 * Source: domain reference, section 4 (roll rate).
 */
export function rollRates(histories: Iterable<LoanHistory>, month: string, utcOffsetMinutes: number): RollRates {
  const [beforeMs, nowMs] = [monthEndMs(addMonths(month, -1), utcOffsetMinutes), monthEndMs(month, utcOffsetMinutes)]
  const matrix = byBucket(() => Object.fromEntries(ROLL_PLACES.map((place) => [place, 0])) as Record<RollPlace, number>)
  const [loans, beforeMinor, nowMinor] = [byBucket(() => 0), byBucket(() => 0), byBucket(() => 0)]
  for (const history of histories) {
    const now = loanAsOf(history, nowMs)
    if (now !== undefined && isRunning(now)) nowMinor[now.bucket] += now.balanceMinor
    const before = loanAsOf(history, beforeMs)
    if (before === undefined || now === undefined || !isRunning(before)) continue
    loans[before.bucket]++
    beforeMinor[before.bucket] += before.balanceMinor
    matrix[before.bucket][placeOf(now)] += before.balanceMinor
  }
  const rolls = BUCKETS.slice(1).map((bucket, index) => [
    bucket,
    sharePpm(nowMinor[bucket], beforeMinor[BUCKETS[index] as Bucket])
  ])
  return { month, matrix, loans, beforeMinor, nowMinor, rollPpm: Object.fromEntries(rolls) }
}

function placeOf(loan: Loan): RollPlace {
  if (isRunning(loan)) return loan.bucket
  return loan.state === 'closed' ? 'closed' : 'written_off'
}

function byBucket<Value>(make: () => Value): Record<Bucket, Value> {
  return Object.fromEntries(BUCKETS.map((bucket) => [bucket, make()])) as Record<Bucket, Value>
}
