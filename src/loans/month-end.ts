import { lastDayOf, monthOf, startOfDayMs } from '../domain/calendar.ts'

/** The last millisecond of a month (2024-02) in a fixed zone. */
export function monthEndMs(month: string, utcOffsetMinutes: number): number {
  return startOfDayMs(lastDayOf(month) + 1, utcOffsetMinutes) - 1
}

/** The month `count` months after another, or before it. */
export function addMonths(month: string, count: number): string {
  const months = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + count
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}`
}

/** The month of an instant in a fixed zone. */
export function monthAt(atMs: number, utcOffsetMinutes: number): string {
  return monthOf(Math.floor((atMs - startOfDayMs(0, utcOffsetMinutes)) / 86_400_000))
}

/** A share in parts of a million, rounded half up; null of nothing. Exact for every amount. */
export function sharePpm(partMinor: number, wholeMinor: number): number | null {
  if (wholeMinor === 0) return null
  return Number((2n * BigInt(partMinor) * 1_000_000n + BigInt(wholeMinor)) / (2n * BigInt(wholeMinor)))
}
