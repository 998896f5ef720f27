import type { Currency } from '../../src/domain/money.ts'
import type { Chance } from './chance.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** A country: how many live there, its hours from UTC, and what a middling loan of it is. */
export const COUNTRIES: Readonly<Record<Currency, { share: number; utcOffsetHours: number; amountMinor: number }>> = {
  CNY: { share: 0.45, utcOffsetHours: 8, amountMinor: 500_000 },
  NGN: { share: 0.25, utcOffsetHours: 1, amountMinor: 2_000_000 },
  UGX: { share: 0.08, utcOffsetHours: 3, amountMinor: 40_000_000 },
  TWD: { share: 0.06, utcOffsetHours: 8, amountMinor: 2_000_000 },
  EUR: { share: 0.06, utcOffsetHours: 1, amountMinor: 60_000 },
  USD: { share: 0.06, utcOffsetHours: -5, amountMinor: 60_000 },
  CZK: { share: 0.04, utcOffsetHours: 1, amountMinor: 1_500_000 }
}

const NIGHT_HOURS = [0, 1, 2, 3, 4, 5]
const DAY_HOURS = [7, 8, 9, 9, 10, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 23]
const OFFICE_HOURS = [9, 10, 10, 11, 11, 12, 13, 14, 15, 16, 17]
const PROXIES = 2000

/** Milliseconds into a local day, at an hour that fits; night is 0 to 5 o’clock. */
export function timeOfDay(chance: Chance, when: 'day' | 'office' | 'night'): number {
  const hours = { day: DAY_HOURS, office: OFFICE_HOURS, night: NIGHT_HOURS }[when]
  return chance.pick(hours) * HOUR_MS + Math.floor(chance.random() * HOUR_MS)
}

/**
 * An address that a carrier shares among its customers (RFC 6598), popular ones more often (Zipf): people who have
 * nothing to do with each other meet there within the hour.
 */
export function carrierAddress(chance: Chance, addresses: number): string {
  const index = Math.min(addresses - 1, Math.floor(Math.exp(chance.random() * Math.log(addresses + 1))) - 1)
  return `100.64.${index >> 8}.${index & 255}`
}

/** An address of one household (private range: nobody’s real one). */
export function homeAddress(chance: Chance): string {
  return `10.${chance.whole(0, 255)}.${chance.whole(0, 255)}.${chance.whole(1, 254)}`
}

/** An address of a data centre that many frauds rent (range for benchmarks, RFC 2544). */
export function proxyAddress(chance: Chance): string {
  const index = chance.whole(0, PROXIES - 1)
  return `198.18.${index >> 8}.${index & 255}`
}

export type Network = 'carrier' | 'rented' | 'household'

/** Whose an address of this world is. */
export function networkOf(ip: string): Network {
  return ip.startsWith('100.64.') ? 'carrier' : ip.startsWith('198.18.') ? 'rented' : 'household'
}

/** No country has the code 999. */
export function phoneNumber(chance: Chance): string {
  return `+999${digits(chance, 9)}`
}

/** No bank issues cards that begin with 999999. */
export function cardNumber(chance: Chance): string {
  return `999999${digits(chance, 10)}`
}

function digits(chance: Chance, count: number): string {
  return String(Math.floor(chance.random() * 10 ** count)).padStart(count, '0')
}
