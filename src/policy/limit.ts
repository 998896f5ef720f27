import type { Application } from '../domain/application.ts'
import type { Limit } from '../domain/decision.ts'
import { floorToStep } from '../domain/money.ts'
import { affordableMinor } from './offers-affordability.ts'
import type { Band } from './price-schema.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/**
 * The most that may be granted: the least of what product, band, history and income allow, and which of them it is.
 *
 * @param nominalRate interest a year as a ratio (nominalRateOf), for what the income can carry
 */
export function limitOf(
  policy: Policy,
  product: ProductPolicy,
  band: Band,
  application: Application,
  { earlierLoans, nominalRate }: { readonly earlierLoans: number; readonly nominalRate: number }
): Limit {
  const bounds: { amountMinor: number; bindingConstraint: Limit['bindingConstraint'] }[] = [
    { amountMinor: product.amountMinor.max, bindingConstraint: 'PRODUCT' },
    { amountMinor: product.amountMinor.max * band.limitShare, bindingConstraint: 'BAND' }
  ]
  if (!(earlierLoans > 0)) bounds.push({ amountMinor: product.firstLoanMaxMinor, bindingConstraint: 'FIRST_LOAN' })
  const affordable = affordableMinor(policy, product, nominalRate, application)
  if (affordable !== undefined) bounds.push({ amountMinor: affordable, bindingConstraint: 'AFFORDABILITY' })
  else if (product.affordability === 'required') bounds.push({ amountMinor: 0, bindingConstraint: 'AFFORDABILITY' })
  const binding = bounds.reduce((least, bound) => (bound.amountMinor < least.amountMinor ? bound : least))
  return {
    currency: product.currency,
    amountMinor: floorToStep(binding.amountMinor, product.amountMinor.step),
    bindingConstraint: binding.bindingConstraint
  }
}

/** What is left of a limit above what is owed or held already, in whole steps. */
export function withinExposure(limit: Limit, { amountMinor: { step } }: ProductPolicy, exposureMinor: number): Limit {
  if (!(exposureMinor > 0)) return limit
  const amountMinor = floorToStep(Math.max(0, limit.amountMinor - exposureMinor), step)
  return { ...limit, amountMinor, bindingConstraint: 'EXPOSURE' }
}
