import type { Offer } from '../domain/decision.ts'
import type { Funding } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** The lender itself, in the place of a partner. */
export const SELF = 'self'
/** Keeps a share like 0.7, which no binary fraction is, from losing a minor unit to the first. */
const DUST = 1e-6

/** Whether everybody who is to lend is on the policy’s list on a local day (ISO date). Whoever is not named there is not. */
export function mayFund({ partners = [] }: Pick<Policy, 'partners'>, funding: Funding, date: string): boolean {
  return funding.every(
    ({ partner }) =>
      partner === SELF ||
      partners.some(
        (listed) =>
          listed.partner === partner &&
          (listed.from === null || listed.from <= date) &&
          (listed.to === null || listed.to >= date)
      )
  )
}

/** Parts of a loan in whole minor units that sum to it: each rounded down, and the first takes what is left over. */
export function splitFunding(funding: Funding, amountMinor: number): NonNullable<Offer['fundingSplit']> {
  const parts = funding.map(({ partner, share }) => ({
    partner,
    share,
    amountMinor: Math.floor(amountMinor * share + DUST)
  }))
  const [first, ...others] = parts
  if (first !== undefined) first.amountMinor = others.reduce((left, part) => left - part.amountMinor, amountMinor)
  return parts
}
