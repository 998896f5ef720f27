import { Type } from 'typebox'

/** 1990-01-01: an older event time is a unit error (seconds for milliseconds lie in 1970), not a memory. */
export const OLDEST_EVENT_MS = 631_152_000_000
/** 2100-01-01: a later one is a unit error as well (microseconds). */
const NEWEST_EVENT_MS = 4_102_444_800_000

/** How far ahead of our clock an event may be: clocks of producers differ, the future does not count. */
export const MAX_AHEAD_MS = 300_000

export function timeSchema(description: string) {
  return Type.Integer({ minimum: OLDEST_EVENT_MS, maximum: NEWEST_EVENT_MS, description })
}

/** What to tell a producer about a limit that a time broke; undefined for any other limit. */
export function timeProblem(keyword: string, limit: unknown): string | undefined {
  if (keyword === 'minimum' && limit === OLDEST_EVENT_MS) return 'is before 1990: looks like seconds; send milliseconds'
  if (keyword === 'maximum' && limit === NEWEST_EVENT_MS)
    return 'is after 2100: looks like microseconds; send milliseconds'
  return undefined
}
