import type { Application, Term } from '../domain/application.ts'
import { isoDate, localDay } from '../domain/calendar.ts'
import type { Offer } from '../domain/decision.ts'
import { dueDates } from '../domain/due-dates.ts'
import { floorToStep } from '../domain/money.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import type { RepaymentMethod } from '../domain/schedule-methods.ts'
import { carriedMinor, freeMinorEach, methodsOf, type Periods, periodsOf } from './offers-affordability.ts'
import { type CellContext, offerOf } from './offers-cell.ts'
import { mayFund } from './offers-funding.ts'
import { offeredAmounts, offeredTerms } from './offers-grid.ts'
import type { Price, PriceRequest, RateCaps } from './pricing.ts'
import { MAX_OFFERS, type ProductPolicy } from './product-schema.ts'
import { offersEndMs } from './validity.ts'

export interface OffersRequest extends Pick<PriceRequest, 'policy' | 'product' | 'nowMs'> {
  /** Before any cap; undefined where the policy has none. */
  readonly price: Price | undefined
  readonly caps: RateCaps
  readonly application: Application
  /** The most that may be granted; what is asked bounds the offers too. */
  readonly limitMinor: number
  readonly decisionId: string
  /** When a stricter cap begins, if one does. */
  readonly stricterFromMs?: number | undefined
}

/**
 * Offers, the asked amount and term first; or why there are none: R205 when a partner who is to lend is not on the list of
 * the day, R310 when every price is above a cap or the policy has none, R301 when the income carries none of them, R320 when
 * the limit is below the product’s least amount.
 */
export type Offers =
  | {
      readonly kind: 'offers'
      readonly offers: readonly Offer[]
      /** What stands against all that is granted over the term asked for, where no offer is that. */
      readonly asked?: Extract<ReasonCode, 'R301' | 'R310'>
    }
  | { readonly kind: 'none'; readonly code: Extract<ReasonCode, 'R205' | 'R301' | 'R310' | 'R320'> }

/**
 * At most nine offers: of each amount, each term and each way to repay that the product offers, in this order. One whose
 * heaviest instalment the income cannot carry is smaller, by whole steps; one that then equals another is told once.
 */
export function makeOffers(request: OffersRequest): Offers {
  const { policy, product, application, limitMinor, price, caps, decisionId, nowMs } = request
  const { min, step } = product.amountMinor
  const grantedMinor = Math.min(application.amountMinor, limitMinor)
  if (!(grantedMinor >= min)) return { kind: 'none', code: 'R320' }
  const startDay = localDay(nowMs, product.utcOffsetMinutes)
  if (product.funding !== undefined && !mayFund(policy, product.funding, isoDate(startDay))) {
    return { kind: 'none', code: 'R205' }
  }
  if (price === undefined) return { kind: 'none', code: 'R310' }
  const endMs = offersEndMs(nowMs, policy.offerValidDays, request.stricterFromMs)
  const expiresAt = product.offerGrid === undefined ? undefined : new Date(endMs).toISOString()
  const context: CellContext = { product, price, caps, expiresAt }
  const plans = planTerms(product, application.term, startDay)
  const offers: Offer[] = []
  let isCarried = false
  let isAskedCarried = false
  for (const amountMinor of offeredAmounts(product, grantedMinor))
    for (const plan of plans) {
      const freeMinor = freeMinorEach(policy, application, plan.periods) ?? Infinity
      for (const method of methodsOf(product, plan.term)) {
        if (offers.length === MAX_OFFERS) return withAsked(offers, grantedMinor, application.term, isAskedCarried)
        const mostMinor = carriedMinor(product, method, price.nominalRate, plan.periods, freeMinor)
        const boundMinor = amountMinor <= mostMinor ? amountMinor : floorToStep(mostMinor, step)
        if (!(boundMinor >= min)) continue
        isCarried = true
        if (boundMinor === grantedMinor && plan.term === application.term) isAskedCarried = true
        if (isOffered(offers, boundMinor, plan.term, method)) continue
        const cell = { ...plan, method, amountMinor: boundMinor }
        const offer = offerOf(context, cell, `${decisionId}-${offers.length + 1}`)
        if (offer !== undefined) offers.push(offer)
      }
    }
  if (offers.length > 0) return withAsked(offers, grantedMinor, application.term, isAskedCarried)
  return { kind: 'none', code: isCarried ? 'R310' : 'R301' }
}

function withAsked(offers: readonly Offer[], grantedMinor: number, { count }: Term, isCarried: boolean): Offers {
  const isOffered = offers.some(({ amountMinor, term }) => amountMinor === grantedMinor && term.count === count)
  if (isOffered) return { kind: 'offers', offers }
  return { kind: 'offers', offers, asked: isCarried ? 'R310' : 'R301' }
}

function planTerms(product: ProductPolicy, asked: Term, startDay: number) {
  const terms = offeredTerms(product, asked).map((term) => ({ term, periods: periodsOf(product, { term }) }))
  const dates = sharedDates(
    terms.map(({ periods }) => periods),
    startDay
  )
  return terms.map(({ term, periods }) => ({ term, periods, due: dates(periods) }))
}

/** Terms of one interval fall due on the same days: the longest has the dates of all (npm run bench:policy). */
function sharedDates(all: readonly Periods[], startDay: number) {
  const made = new Map<number, ReturnType<typeof dueDates>>()
  return ({ every }: Periods) => {
    const found = made.get(every.count)
    if (found !== undefined) return found
    const most = Math.max(...all.filter((other) => other.every.count === every.count).map(({ count }) => count))
    const dates = dueDates(startDay, every, most)
    made.set(every.count, dates)
    return dates
  }
}

function isOffered(offers: readonly Offer[], amountMinor: number, { count }: Term, method: RepaymentMethod): boolean {
  return offers.some(
    (offer) => offer.amountMinor === amountMinor && offer.term.count === count && offer.repaymentMethod === method
  )
}
