import type { Application } from '../domain/application.ts'
import { annualise, cashFlows, irrPerPeriod, NO_FEES } from '../domain/apr.ts'
import { addTerm, isoDate, localDay } from '../domain/calendar.ts'
import type { Offer } from '../domain/decision.ts'
import { floorToStep } from '../domain/money.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import { heaviestInstalment, makeSchedule, type RepaymentMethod } from '../domain/schedule-methods.ts'
import { freeMinorEach, methodsOf, periodsOf } from './offers-affordability.ts'
import { isWithinCaps, nominalRateOf, type PriceRequest } from './pricing.ts'

const RATE_DIGITS = 1e6

export interface OffersRequest extends PriceRequest {
  readonly application: Application
  /** The most that may be granted; what is asked bounds the offers too. */
  readonly limitMinor: number
  readonly decisionId: string
}

/**
 * Offers, the asked amount and term first; or why there are none: R310 when every rate is above a cap or the policy has no
 * price, R301 when the income carries none of them, R320 when the limit is below the product’s least amount.
 */
export type Offers =
  | { readonly kind: 'offers'; readonly offers: readonly Offer[] }
  | { readonly kind: 'none'; readonly code: Extract<ReasonCode, 'R310' | 'R301' | 'R320'> }

/**
 * An offer for each way to repay that the product has, in the policy’s order, for the asked term. One whose heaviest
 * instalment the income cannot carry is smaller, by whole steps.
 */
export function makeOffers(request: OffersRequest): Offers {
  const { policy, product, application, limitMinor, decisionId } = request
  const { min, step } = product.amountMinor
  const amountMinor = Math.min(application.amountMinor, limitMinor)
  if (!(amountMinor >= min)) return { kind: 'none', code: 'R320' }
  const nominalRate = nominalRateOf(request)
  if (nominalRate === null) return { kind: 'none', code: 'R310' }
  const periods = periodsOf(product, application)
  const free = freeMinorEach(policy, application, periods) ?? Infinity
  const offers: Offer[] = []
  let isCarried = false
  for (const method of methodsOf(product)) {
    const carriedMinor = free / heaviestInstalment(method, nominalRate / periods.perYear, periods.count)
    const boundMinor = amountMinor <= carriedMinor ? amountMinor : floorToStep(carriedMinor, step)
    if (!(boundMinor >= min)) continue
    isCarried = true
    const terms = termsOf(request, { method, amountMinor: boundMinor, nominalRate })
    if (terms !== undefined) offers.push({ offerId: `${decisionId}-${offers.length + 1}`, ...terms })
  }
  if (offers.length > 0) return { kind: 'offers', offers }
  return { kind: 'none', code: isCarried ? 'R310' : 'R301' }
}

interface Cell {
  readonly method: RepaymentMethod
  readonly amountMinor: number
  readonly nominalRate: number
}

/**
 * One offer, with its rates from the internal rate of return on the exact integer payments. Undefined when the rate is
 * above a cap.
 */
function termsOf(
  { product, application, caps, nowMs }: OffersRequest,
  { method, amountMinor, nominalRate }: Cell
): Omit<Offer, 'offerId'> | undefined {
  const { count, perYear, every } = periodsOf(product, application)
  const rows = makeSchedule(method, amountMinor, nominalRate / perYear, count)
  const solved = irrPerPeriod(cashFlows(amountMinor, rows, NO_FEES))
  if (solved.kind === 'refused') return undefined
  const { nominal, effective } = annualise(solved.periodRate, perYear)
  if (!isWithinCaps(nominal, effective, caps)) return undefined
  const start = localDay(nowMs, product.utcOffsetMinutes)
  const totalInterestMinor = rows.reduce((sum, { interestMinor }) => sum + interestMinor, 0)
  return {
    amountMinor,
    currency: product.currency,
    term: application.term,
    repaymentMethod: method,
    apr: { nominal: roundRate(nominal), effective: roundRate(effective), method: 'IRR' },
    totalInterestMinor,
    totalRepayableMinor: amountMinor + totalInterestMinor,
    schedule: rows.map(({ no, principalMinor, interestMinor, totalMinor, balanceMinor }) => ({
      no,
      dueDate: isoDate(addTerm(start, { count: every.count * no, unit: every.unit })),
      principalMinor,
      interestMinor,
      totalMinor,
      balanceMinor
    }))
  }
}

function roundRate(rate: number): number {
  return Math.round(rate * RATE_DIGITS) / RATE_DIGITS
}
