import type { Term } from './application.ts'

const DAY_MS = 86_400_000

/** A date in a fixed zone as days since 1970-01-01: arithmetic on it knows no hours and no daylight saving. */
export function localDay(atMs: number, utcOffsetMinutes: number): number {
  return Math.floor((atMs + utcOffsetMinutes * 60_000) / DAY_MS)
}

/** ISO 8601 date of a day number. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
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
