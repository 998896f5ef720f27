import type { Band } from './price-schema.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** The strictest caps of the day on the all-in rate, as yearly ratios; null where nothing caps that reading. */
export interface RateCaps {
  readonly nominal: number | null
  readonly effective: number | null
}

export interface PriceRequest {
  readonly policy: Policy
  readonly product: ProductPolicy
  readonly band: Band
  /** Calibrated probability of default. */
  readonly pd: number
  readonly caps: RateCaps
  readonly nowMs: number
}

/** The contract’s interest a year for a band on a day, before any cap; null where the policy has no price. */
export function nominalRateOf({ band }: PriceRequest): number | null {
  return band.nominalRate
}

/** Whether an all-in rate is within the caps on both readings. NaN is not. */
export function isWithinCaps(nominal: number, effective: number, caps: RateCaps): boolean {
  return nominal <= (caps.nominal ?? Infinity) && effective <= (caps.effective ?? Infinity)
}
