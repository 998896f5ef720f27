import type { Redis } from 'ioredis'
import { isoDate, lastDayOf, localDay, monthOf, startOfDayMs } from '../domain/calendar.ts'
import type { LoanHistory } from '../loans/fold-loan.ts'
import { addMonths } from '../loans/month-end.ts'
import type { Keys } from '../redis/keys.ts'
import { monthTables, stageTable } from './portfolio-tables.ts'
import type { RunScheduled, ScheduledJob } from './scheduled-job.ts'

/** Days that are no month’s end go after this; what is frozen stays. */
const KEEP_DAYS = 400

/** Stage and expected loss of every running loan as the day before ended; of a month’s last day once and for all. */
export const ifrs9StageJob = {
  name: 'ifrs9-stage',
  queue: 'portfolio',
  schedule: { pattern: '30 0 * * *' },
  once: 'day; a month’s end is frozen'
} as const satisfies ScheduledJob

/** Roll rates and vintages up to the last full month: as it was first seen, once and for all, and as it is known now. */
export const rollVintageJob = {
  name: 'roll-vintage',
  queue: 'portfolio',
  schedule: { pattern: '0 2 * * *' },
  once: 'month; the first is frozen'
} as const satisfies ScheduledJob

export interface PortfolioTablesDeps {
  readonly redis: Redis
  readonly keys: Keys
  readonly readBook: () => AsyncIterable<LoanHistory>
  /** Zone of the days and months of the portfolio. */
  readonly utcOffsetMinutes: number
  readonly nowMs: () => number
}

export function createIfrs9Stage({
  redis,
  keys,
  readBook,
  utcOffsetMinutes,
  nowMs
}: PortfolioTablesDeps): RunScheduled {
  return async () => {
    const day = localDay(nowMs(), utcOffsetMinutes) - 1
    const table = JSON.stringify(await stageTable(readBook(), startOfDayMs(day + 1, utcOffsetMinutes) - 1))
    const key = keys.portfolioTable('stages')
    if (day === lastDayOf(monthOf(day))) {
      if ((await redis.hsetnx(key, isoDate(day), table)) === 0) return 'already_done'
    } else await redis.hset(key, isoDate(day), table)
    const old = day - KEEP_DAYS
    if (old !== lastDayOf(monthOf(old))) await redis.hdel(key, isoDate(old))
    return 'done'
  }
}

export function createRollVintage({
  redis,
  keys,
  readBook,
  utcOffsetMinutes,
  nowMs
}: PortfolioTablesDeps): RunScheduled {
  return async () => {
    const month = addMonths(monthOf(localDay(nowMs(), utcOffsetMinutes)), -1)
    const table = JSON.stringify(await monthTables(readBook(), month, utcOffsetMinutes))
    await redis.hset(keys.portfolioTable('months-now'), month, table)
    return (await redis.hsetnx(keys.portfolioTable('months'), month, table)) === 1 ? 'done' : 'already_done'
  }
}
