import { isoDate, localDay } from '../domain/calendar.ts'
import { isUsablePd } from '../domain/score-scale.ts'
import type { Band, Pricing } from './price-schema.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** Keeps the dust of binary fractions from lifting a price by a whole tick. */
const DUST = 1e-9
const RATE_DIGITS = 1e9

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
  readonly nowMs: number
}

/** A price before any cap, as yearly interest. */
export interface Price {
  readonly nominalRate: number
  /** What costs and floor need at least: where a cap is below nominalRate, the price may come down to here. */
  readonly leastRate: number
}

/**
 * The price of a band on a day: of the product’s pricing where it has one, else the band’s fixed rate, which never comes
 * down. Undefined where the policy has none, and for an unusable probability.
 */
export function priceOf({ policy, product, band, pd, nowMs }: PriceRequest): Price | undefined {
  const pricing = policy.pricing?.find(({ products }) => products.includes(product.product))
  if (pricing === undefined) {
    return band.nominalRate === null ? undefined : { nominalRate: band.nominalRate, leastRate: band.nominalRate }
  }
  const row = pricing.grid.find((priced) => priced.band === band.band)
  const fundingRate = fundingRateOn(isoDate(localDay(nowMs, product.utcOffsetMinutes)), pricing, policy.lpr)
  if (row === undefined || fundingRate === undefined || !isUsablePd(pd)) return undefined
  const { floor, tick, marginRatio } = pricing
  const costRate = riskRate(pricing, { pd: row.pd, fundingRate, marginRatio: row.marginRatio ?? marginRatio })
  return { nominalRate: Math.max(floor, ceilToTick(costRate, tick)), leastRate: Math.max(floor, costRate) }
}

/** Whether an all-in rate is within the caps on both readings. NaN is not. */
export function isWithinCaps(nominal: number, effective: number, caps: RateCaps): boolean {
  return nominal <= (caps.nominal ?? Infinity) && effective <= (caps.effective ?? Infinity)
}

interface RiskInput {
  readonly pd: number
  readonly fundingRate: number
  readonly marginRatio: number
}

/**
 * APR* of the domain reference 3.5: funding, cost of running, expected loss, cost of capital and margin, each a year on the
 * balance owed on average. With its figures a year’s loan breaks even at a probability of 14.7 % at 24 % and 1.4 % at 12 %.
 */
export function riskRate(pricing: Pricing, { pd, fundingRate, marginRatio }: RiskInput): number {
  const { opexRatio, averageBalance, lossGivenDefault, exposureAtDefault, capitalRatio, returnOnEquity } = pricing
  const expectedLoss = pd * lossGivenDefault * exposureAtDefault
  return fundingRate + (opexRatio + expectedLoss) / averageBalance + capitalRatio * returnOnEquity + marginRatio
}

/** Cost of money on a local day; undefined before the series begins, or without the LPR it asks for. */
function fundingRateOn(date: string, { funding }: Pricing, lpr: Policy['lpr']): number | undefined {
  const point = pointOn(date, funding)
  if (point?.overLpr === undefined) return point?.ratio
  const prime = lpr === undefined ? undefined : pointOn(date, lpr)
  return prime === undefined ? undefined : Math.max(0, prime.ratio + point.overLpr)
}

/** The last point that has begun: ISO dates sort as text. */
function pointOn<Point extends { readonly from: string }>(date: string, series: readonly Point[]): Point | undefined {
  for (let index = series.length - 1; index >= 0; index--) {
    const point = series[index] as Point
    if (point.from <= date) return point
  }
  return undefined
}

function ceilToTick(rate: number, tick: number): number {
  return Math.round(Math.ceil(rate / tick - DUST) * tick * RATE_DIGITS) / RATE_DIGITS
}
