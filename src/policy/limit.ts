import type { Application } from '../domain/application.ts'
import type { Limit } from '../domain/decision.ts'
import { floorToStep, roundHalfUp } from '../domain/money.ts'
import type { LimitStrategy } from './flow-schema.ts'
import { affordableMinor } from './offers-affordability.ts'
import type { Band } from './price-schema.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** One thing that bounds what a borrower may owe. */
export interface Bound {
  readonly amountMinor: number
  readonly bindingConstraint: Limit['bindingConstraint']
}

export interface LimitContext {
  readonly earlierLoans: number
  /** Interest a year as a ratio, for what the income can carry. */
  readonly nominalRate: number
  /** Calibrated probability of default. */
  readonly pd?: number
  readonly strategy?: LimitStrategy | undefined
  /** As a table of stage limit found; without one nothing is bound by it. */
  readonly segment?: string | undefined
}

/** All that bounds a limit, in the order in which a tie is named. */
export function boundsOf(
  policy: Policy,
  product: ProductPolicy,
  band: Band,
  application: Application,
  { earlierLoans, nominalRate, pd, strategy, segment }: LimitContext
): Bound[] {
  const bounds: Bound[] = [
    { amountMinor: product.amountMinor.max, bindingConstraint: 'PRODUCT' },
    { amountMinor: product.amountMinor.max * band.limitShare, bindingConstraint: 'BAND' }
  ]
  if (!(earlierLoans > 0)) bounds.push({ amountMinor: product.firstLoanMaxMinor, bindingConstraint: 'FIRST_LOAN' })
  const affordable = affordableMinor(policy, product, nominalRate, application)
  if (affordable !== undefined) bounds.push({ amountMinor: affordable, bindingConstraint: 'AFFORDABILITY' })
  else if (product.affordability === 'required') bounds.push({ amountMinor: 0, bindingConstraint: 'AFFORDABILITY' })
  if (strategy === undefined) return bounds

  const { monthlyIncomeMinor } = application.facts
  const incomes = strategy.incomeMultiples?.[band.band]
  if (incomes !== undefined && monthlyIncomeMinor !== undefined)
    bounds.push({ amountMinor: roundHalfUp(incomes * monthlyIncomeMinor), bindingConstraint: 'INCOME' })
  if (strategy.expectedLoss !== undefined && pd !== undefined && pd > 0)
    bounds.push({
      // Whole first: dust of binary fractions would cost a step.
      amountMinor: roundHalfUp(strategy.expectedLoss.budgetMinor / (pd * strategy.expectedLoss.lossGivenDefault)),
      bindingConstraint: 'EXPECTED_LOSS'
    })
  const ofSegment = strategy.segments?.find((candidate) => candidate.segment === segment)
  if (ofSegment !== undefined) bounds.push({ amountMinor: ofSegment.maxMinor, bindingConstraint: 'SEGMENT' })
  return bounds
}

/** What partners still lend, as the loan of which that is their share: no matter what the borrower owes. */
export function partnerBoundsOf({ funding = [] }: ProductPolicy, strategy: LimitStrategy | undefined): Bound[] {
  return (strategy?.partnerHeadroom ?? []).flatMap(({ partner, headroomMinor }) => {
    const share = funding.find((part) => part.partner === partner)?.share
    if (share === undefined) return []
    return [{ amountMinor: roundHalfUp(headroomMinor / share), bindingConstraint: 'PARTNER' as const }]
  })
}

/** A share of the least, while the portfolio is at a limit of its own. */
export function withinPortfolio(bounds: readonly Bound[], share: number): readonly Bound[] {
  if (share >= 1) return bounds
  return [...bounds, { amountMinor: leastOf(bounds).amountMinor * share, bindingConstraint: 'PORTFOLIO' }]
}

/** A limit that is too low declines; one that a partner or the whole portfolio sets refers: it is not the applicant’s doing. */
export function refusalBy({ bindingConstraint }: Limit): 'DECLINE' | 'REFER' {
  return bindingConstraint === 'PARTNER' || bindingConstraint === 'PORTFOLIO' ? 'REFER' : 'DECLINE'
}

/** The first of the least; NaN bounds at nothing. */
export function leastOf(bounds: readonly Bound[]): Bound {
  const [first, ...others] = bounds
  if (first === undefined) throw new Error('a product bounds every limit')
  return others.reduce((least, bound) => (bound.amountMinor >= least.amountMinor ? least : bound), first)
}

/** The least bound in whole steps, never below zero. */
export function limitFrom(
  { amountMinor, bindingConstraint }: Bound,
  { currency, amountMinor: { step } }: ProductPolicy
): Limit {
  return { currency, amountMinor: amountMinor > 0 ? floorToStep(amountMinor, step) : 0, bindingConstraint }
}
