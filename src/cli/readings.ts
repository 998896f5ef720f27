import { OLDEST_EVENT_MS } from '../domain/event-time.ts'
import { MAX_AMOUNT_MINOR } from '../domain/money.ts'

// Readings of a cell: each takes its text and throws RangeError with the rest of a sentence about what is wrong with it.

const DAY_FIRST = /^(\d{1,2})\/(\d{1,2})\/(\d\d) (\d{1,2}):(\d\d):(\d\d)$/
const SHORT_DAY = /^(\d\d)(\d\d)(\d\d)$/
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/
const AMOUNT = /^(\d{1,12})(?:\.(\d{1,6}))?$/
const SIGNED = /^(-?)(.+)$/
const EXPONENT = /^(-?)(\d)(?:\.(\d{1,9}))?[eE]\+?(\d{1,2})$/
const WHOLE = /^(-?\d{1,9})(?:\.0+)?$/
const ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,35}$/

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
  if (at < OLDEST_EVENT_MS) throw new RangeError('lies before the year 1990')
  return at
}

/** A time like 30/6/19 22:57:49, the day before the month and the year of this century; as readTime otherwise. */
export function readDayFirstTime(text: string): number {
  const match = DAY_FIRST.exec(text)
  if (match === null) throw new RangeError('is no time like 30/6/19 22:57:49')
  const [day = '', month = '', year, hour = '', minute, second] = match.slice(1)
  const two = (part: string) => part.padStart(2, '0')
  return readTime(`20${year}-${two(month)}-${two(day)} ${two(hour)}:${minute}:${second}`)
}

/** A day like 930131 of the twentieth century: its midnight in UTC. */
export function readShortDay(text: string): number {
  const match = SHORT_DAY.exec(text)
  if (match === null) throw new RangeError('is no day like 930131')
  return readTime(`19${match[1]}-${match[2]}-${match[3]}`)
}

/** A decimal amount in minor units, a hundredth each whatever the currency (see CurrencySchema); above zero. */
export function readAmountMinor(text: string): number {
  const minor = readNonNegativeMinor(text)
  if (minor < 1) throw new RangeError('must be above zero')
  return minor
}

/** As readAmountMinor, but zero and less than zero may be: a balance, a bill. */
export function readBalanceMinor(text: string): number {
  const [sign, size] = (SIGNED.exec(text) ?? []).slice(1)
  const minor = readNonNegativeMinor(size ?? '')
  return sign === '-' ? 0 - minor : minor
}

/** As readAmountMinor, but zero may be: a payment that did not come. */
export function readNonNegativeMinor(text: string): number {
  const match = AMOUNT.exec(text)
  if (match === null) throw new RangeError('is no amount like 15000.00')
  const decimals = (match[2] ?? '').padEnd(2, '0')
  if (/[1-9]/.test(decimals.slice(2))) throw new RangeError('has more than two decimals')
  const minor = Number(match[1]) * 100 + Number(decimals.slice(0, 2))
  if (minor > MAX_AMOUNT_MINOR) throw new RangeError(`is above ${MAX_AMOUNT_MINOR / 100}`)
  return minor
}

/**
 * A reading that also takes 1e+05 and 5.00E+05, as statistics programs write round numbers. They write only numbers that
 * lose nothing by it like that.
 */
export function withExponent<Value>(reading: (text: string) => Value): (text: string) => Value {
  return (text) => {
    const match = EXPONENT.exec(text)
    if (match === null) return reading(text)
    const [sign = '', first = '', rest = '', exponent] = match.slice(1)
    const point = 1 + Number(exponent)
    const digits = (first + rest).padEnd(point, '0')
    return reading(`${sign}${digits.slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ''}`)
  }
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

/** An id, as long as a UUID at most: the ids of events are made from it, and they end at 64 characters. */
export function readId(text: string): string {
  if (!ID.test(text)) throw new RangeError('is no id: 1 to 36 letters, digits, dots, tildes, hyphens or underscores')
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
