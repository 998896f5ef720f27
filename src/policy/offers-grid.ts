import type { Term } from '../domain/application.ts'
import { floorToStep } from '../domain/money.ts'
import type { ProductPolicy } from './product-schema.ts'

/** Terms to offer: the one asked for, then the product’s others in the policy’s order. */
export function offeredTerms({ offerGrid, term: { unit } }: ProductPolicy, asked: Term): readonly Term[] {
  const terms = [asked]
  for (const count of offerGrid?.terms ?? []) if (count !== asked.count) terms.push({ count, unit })
  return terms
}

/** Amounts to offer: what is granted, then smaller ones in the policy’s order. */
export function offeredAmounts({ offerGrid, amountMinor }: ProductPolicy, grantedMinor: number): readonly number[] {
  const amounts = [grantedMinor]
  const add = (offeredMinor: number) => {
    if (offeredMinor < grantedMinor) amounts.push(offeredMinor)
  }
  for (const share of offerGrid?.amountShares ?? []) add(floorToStep(grantedMinor * share, amountMinor.step))
  for (const offeredMinor of offerGrid?.amountsMinor ?? []) add(offeredMinor)
  return amounts
}
