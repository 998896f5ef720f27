import type { Term } from './application.ts'
import { isoDate } from './calendar.ts'

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The due dates of a loan: of the first instalment first. */
export interface DueDates {
  /** Days from the payout to each. */
  readonly days: readonly number[]
  /** ISO 8601 dates. */
  readonly dates: readonly string[]
}

/**
 * The dates `every`, twice `every` … after a day: what addTerm and isoDate say, for all of a loan at once and without a
 * Date an instalment (npm run bench:policy).
 *
 * @param startDay days since 1970-01-01 (localDay)
 */
export function dueDates(startDay: number, every: Term, count: number): DueDates {
  const days = new Array<number>(count)
  const dates = new Array<string>(count)
  if (every.unit === 'day') {
    for (let index = 0; index < count; index++) {
      days[index] = every.count * (index + 1)
      dates[index] = isoDate(startDay + every.count * (index + 1))
    }
    return { days, dates }
  }
  const start = isoDate(startDay)
  const dayOfMonth = Number(start.slice(8))
  const firstMonth = Number(start.slice(0, 4)) * 12 + Number(start.slice(5, 7)) - 1
  // The first of the current month, kept as a day number while months go by.
  let month = firstMonth
  let firstOfMonth = startDay - dayOfMonth + 1
  for (let index = 0; index < count; index++) {
    for (const due = firstMonth + every.count * (index + 1); month < due; month++) firstOfMonth += lengthOf(month)
    const day = Math.min(dayOfMonth, lengthOf(month))
    days[index] = firstOfMonth + day - 1 - startDay
    dates[index] = `${Math.floor(month / 12)}-${twoDigits((month % 12) + 1)}-${twoDigits(day)}`
  }
  return { days, dates }
}

/** Days of a month, counted from the year 0. */
function lengthOf(month: number): number {
  const year = Math.floor(month / 12)
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return (MONTH_DAYS[month % 12] as number) + (isLeap && month % 12 === 1 ? 1 : 0)
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
