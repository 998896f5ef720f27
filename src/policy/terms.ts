import type { Limit } from '../domain/decision.ts'
import { leastOf, limitFrom } from './limit.ts'
import { type Bounded, type Bounds, createBounds } from './limit-bounds.ts'
import { makeOffers, type Offers } from './offers.ts'
import { type Price, priceOf, type RateCaps } from './pricing.ts'
import type { Policy } from './schema.ts'
import type { EvaluateTables } from './tables.ts'

export interface TermsRequest extends Bounded {
  readonly decisionId: string
  readonly nowMs: number
}

/** How much may be granted to somebody, and at what price. */
export interface Terms extends Bounds {
  readonly caps: RateCaps
  /** Undefined where the policy has none: then there are no offers. */
  readonly price: Price | undefined
  /** In whole steps; below the product’s least amount there are no offers. */
  readonly limit: Limit
  /** Offers of so much at most. */
  readonly offersUpTo: (mostMinor: number) => Offers
}

/** Price, limit and offers of whoever may have some, whether the policy or a person says so. Pure. */
export function createTerms(policy: Policy, limitTables: EvaluateTables): (request: TermsRequest) => Terms {
  const boundsFor = createBounds(policy, limitTables)

  return (request) => {
    const { product, band, pd, facts, statutory, decisionId, nowMs } = request
    const caps = statutory?.caps ?? { nominal: policy.rateCap, effective: policy.rateCap }
    const price = priceOf({ policy, product, band, pd, nowMs })
    const { bounds, segment, rows } = boundsFor(request, price?.nominalRate ?? 0)
    const { application } = facts
    const stricterFromMs = statutory?.stricterFromMs
    return {
      caps,
      price,
      bounds,
      segment,
      rows,
      limit: limitFrom(leastOf(bounds), product),
      offersUpTo: (limitMinor) =>
        makeOffers({ policy, product, price, caps, application, limitMinor, decisionId, nowMs, stricterFromMs })
    }
  }
}
