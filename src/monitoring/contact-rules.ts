import { isoDate, localDay, startOfDayMs } from '../domain/calendar.ts'

/** Nobody is contacted from 22 to 8 where they are (domain reference, D7). */
const FROM_HOUR = 8
const TO_HOUR = 22
/** The most contacts of one person in a day of theirs (domain reference, D7). */
export const MAX_CONTACTS_A_DAY = 3

const HOUR_MS = 3_600_000
/** What is begun at the last moment still reaches Redis before the quiet hours. */
const MARGIN_MS = 60_000

/** The next instant at which somebody may be contacted; `nowMs` itself when they may be now. */
export function contactableFromMs(nowMs: number, utcOffsetMinutes: number): number {
  const midnightMs = startOfDayMs(localDay(nowMs, utcOffsetMinutes), utcOffsetMinutes)
  if (nowMs < midnightMs + FROM_HOUR * HOUR_MS) return midnightMs + FROM_HOUR * HOUR_MS
  if (nowMs >= midnightMs + TO_HOUR * HOUR_MS - MARGIN_MS) return nextContactDayMs(nowMs, utcOffsetMinutes)
  return nowMs
}

/** When contacts may begin on the day after. */
export function nextContactDayMs(nowMs: number, utcOffsetMinutes: number): number {
  return startOfDayMs(localDay(nowMs, utcOffsetMinutes) + 1, utcOffsetMinutes) + FROM_HOUR * HOUR_MS
}

/** The day by which contacts are counted. */
export function contactDate(nowMs: number, utcOffsetMinutes: number): string {
  return isoDate(localDay(nowMs, utcOffsetMinutes))
}

export const CONTACT_INVARIANTS = ['contact_out_of_hours', 'contact_over_budget'] as const
export type ContactInvariant = (typeof CONTACT_INVARIANTS)[number]

/**
 * The promises that a contact breaks; none, if all is well. Looked at once more after it was made, without the rules above,
 * so that a fault in them is seen.
 *
 * @param contacts those of the person that day, with this one
 */
export function brokenContactInvariants(
  madeAtMs: number,
  utcOffsetMinutes: number,
  contacts: number
): ContactInvariant[] {
  const hour = new Date(madeAtMs + utcOffsetMinutes * 60_000).getUTCHours()
  const broken: ContactInvariant[] = []
  if (!(hour >= 8 && hour < 22)) broken.push('contact_out_of_hours')
  if (!(contacts <= 3)) broken.push('contact_over_budget')
  return broken
}
