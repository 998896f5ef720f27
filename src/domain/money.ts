import { Type } from 'typebox'

/** Above every amount in force anywhere and far below 2^53, so that sums of a lifetime stay exact integers. */
export const MAX_AMOUNT_MINOR = 10_000_000_000

export const CURRENCIES = ['CNY', 'NGN', 'USD', 'EUR', 'UGX', 'CZK', 'TWD'] as const

/** One factor for all: a table of exponents would have to stand in every feature, limit and price, and be right in each. */
export const CurrencySchema = Type.Enum([...CURRENCIES], {
  description: 'ISO 4217; a minor unit is a hundredth of each, also of UGX, which has no smaller coin'
})
export type Currency = (typeof CURRENCIES)[number]

/** An amount in minor units (cents, kobo, fen): an integer, never a fraction. */
export function amountSchema(description: string, minimum = 0) {
  return Type.Integer({ minimum, maximum: MAX_AMOUNT_MINOR, description })
}

/** Rounds half away from zero for the non-negative amounts that occur here. */
export function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5)
}

export function floorToStep(amountMinor: number, stepMinor: number): number {
  return Math.floor(amountMinor / stepMinor) * stepMinor
}
