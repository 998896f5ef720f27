import { makeOffers, type Offers, type OffersRequest } from '../../src/policy/offers.ts'
import { type PriceRequest, priceOf } from '../../src/policy/pricing.ts'

/** The offers at the price that the policy has. */
export function pricedOffers(asked: PriceRequest & Omit<OffersRequest, 'price'>): Offers {
  return makeOffers({ ...asked, price: priceOf(asked) })
}
