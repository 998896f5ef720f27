import { OLDEST_EVENT_MS } from '../domain/event-time.ts'
import { MAX_AMOUNT_MINOR } from '../domain/money.ts'

// Readings of a cell: each takes its text and throws RangeError with the rest of a sentence about what is wrong with it.

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/
const AMOUNT = /^(\d{1,12})(?:\.(\d{1,6}))?$/
const WHOLE = /^(\d{1,9})(?:\.0+)?$/
const ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,47}$/

/** A time without a zone, taken as UTC, in whole milliseconds; a date alone is its midnight. */
export function readTime(text: string): number {
  const match = TIME.exec(text)
  if (match === null) throw new RangeError('is no time like 2017-07-05 16:04:18')
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0))
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const at = Date.UTC(Number(year), Number(month) - 1, day, hour, minute, second, ms)
  // A 31st of June rolls over silently: what comes back must be what was written.
  const same = new Date(at)
    .toISOString()
    .startsWith(`${match[1]}-${match[2]}-${match[3]}T${match[4] ?? '00'}:${match[5] ?? '00'}:${match[6] ?? '00'}`)
  if (!same) throw new RangeError('is no day or time of the calendar')
  if (at < OLDEST_EVENT_MS) throw new RangeError('lies before the year 2000')
  return at
}

/** A decimal amount in minor units; all currencies here have two decimals. */
export function readAmountMinor(text: string): number {
  const match = AMOUNT.exec(text)
  if (match === null) throw new RangeError('is no amount like 15000.00')
  const decimals = (match[2] ?? '').padEnd(2, '0')
  if (/[1-9]/.test(decimals.slice(2))) throw new RangeError('has more than two decimals')
  const minor = Number(match[1]) * 100 + Number(decimals.slice(0, 2))
  if (minor < 1) throw new RangeError('must be above zero')
  if (minor > MAX_AMOUNT_MINOR) throw new RangeError(`is above ${MAX_AMOUNT_MINOR / 100}`)
  return minor
}

/** A whole number within bounds; “30” and “30.0” are the same. */
export function wholeBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const match = WHOLE.exec(text)
    if (match === null) throw new RangeError('is no whole number')
    const value = Number(match[1])
    if (value < least || value > most) throw new RangeError(`must be between ${least} and ${most}`)
    return value
  }
}

/** An id; shorter than ours may be, because event ids are made from it. */
export function readId(text: string): string {
  if (!ID.test(text)) throw new RangeError('is no id: 1 to 48 letters, digits, dots, tildes, hyphens or underscores')
  return text
}

/** One of a closed list of words, whatever their case. */
export function oneOf<Value>(words: Readonly<Record<string, Value>>): (text: string) => Value {
  return (text) => {
    const word = Object.keys(words).find((candidate) => candidate.toLowerCase() === text.toLowerCase())
    if (word === undefined) throw new RangeError(`must be one of ${Object.keys(words).join(', ')}`)
    return words[word] as Value
  }
}
