import type { Term } from './application.ts'

const DAY_MS = 86_400_000

/** A date in a fixed zone as days since 1970-01-01: arithmetic on it knows no hours and no daylight saving. */
export function localDay(atMs: number, utcOffsetMinutes: number): number {
  return Math.floor((atMs + utcOffsetMinutes * 60_000) / DAY_MS)
}

/**
 * ISO 8601 date of a day number, by the civil calendar’s arithmetic (Hinnant, “chrono-compatible low-level date
 * algorithms”): a schedule has a date an instalment, and Date takes six times as long (npm run bench:micro).
 */
export function isoDate(day: number): string {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const dayOfMonth = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${year}-${month < 10 ? '0' : ''}${month}-${dayOfMonth < 10 ? '0' : ''}${dayOfMonth}`
}

/** The day `count` units later. A month later is the same day of the month, or the month’s last where there is none. */
export function addTerm(day: number, { count, unit }: Term): number {
  if (unit === 'day') return day + count
  const date = new Date(day * DAY_MS)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth() + count
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastOfMonth)) / DAY_MS
}

/** The day number of an ISO 8601 date. */
export function dayOfDate(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS
}

/** The month of a day, as ISO 8601 writes it: 2024-02. */
export function monthOf(day: number): string {
  return isoDate(day).slice(0, 7)
}

/** The last day of a month: 2024-02 ends on the 29th. */
export function lastDayOf(month: string): number {
  const [year = Number.NaN, number = Number.NaN] = month.split('-').map(Number)
  return Date.UTC(year, number, 0) / DAY_MS
}

/** The first millisecond of a day in a fixed zone. */
export function startOfDayMs(day: number, utcOffsetMinutes: number): number {
  return day * DAY_MS - utcOffsetMinutes * 60_000
}
