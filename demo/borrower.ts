import { createChance } from '../load-tests/simulator/chance.ts'
import { DAY_MS, HOUR_MS } from '../load-tests/simulator/world.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { EventInput } from '../src/domain/event.ts'
import type { OutcomeInput } from '../src/outcomes/outcome.ts'
import { repayment } from './repayment.ts'
import type { DemoApplication } from './world.ts'

type Offer = Decision['offers'][number]

/** What a borrower and the lender’s desk do after an approval. */
export type Sequel =
  | { readonly kind: 'event'; readonly atMs: number; readonly event: EventInput }
  | { readonly kind: 'outcome'; readonly atMs: number; readonly outcome: OutcomeInput }

/** The borrowers of the last quarter pay worse than their score says. */
const DRIFT_ODDS = 1.8
const RISK_SPREAD = 0.5
const ACCEPT_SHARE = 0.82
const WITHDRAW_SHARE = 0.06
const FIRST_OFFER_SHARE = 0.75
const MINUTE_MS = 60_000

/**
 * What comes of an approved application: the offer is taken, withdrawn or left to expire; a loan that is paid out is repaid
 * or not. Whether it goes bad follows the score by assumption: the simulated borrowers are as risky as the model says, give
 * or take, and riskier than that in the last quarter. Times rise within what each part tells; the whole is in no order.
 */
export function afterApproval(
  seed: number,
  application: DemoApplication,
  decision: Decision,
  approvedAtMs: number
): readonly Sequel[] {
  const { request, truth } = application
  const { applicantId, applicationId } = request
  const chance = createChance(seed, `borrower ${applicationId}`)
  const event = (what: string, type: EventInput['type'], atMs: number, data: object): Sequel => ({
    kind: 'event',
    atMs: Math.floor(atMs),
    event: { eventId: `${applicationId}-${what}`, type, occurredAtMs: Math.floor(atMs), applicantId, data }
  })
  const offer = chosen(decision.offers, chance.is(FIRST_OFFER_SHARE) || truth.isFraud ? 0 : chance.random())
  if (offer === undefined) return []
  const { offerId, amountMinor } = offer
  if (!truth.isFraud && !chance.is(ACCEPT_SHARE)) {
    if (chance.is(WITHDRAW_SHARE / (1 - ACCEPT_SHARE)))
      return [event('withdrawn', 'application.withdrawn', approvedAtMs + chance.gap(5 * HOUR_MS), { applicationId })]
    const endsAtMs = decision.validUntil === null ? approvedAtMs : Date.parse(decision.validUntil)
    return [event('expired', 'offer.expired', endsAtMs, { offerId, amountMinor })]
  }
  const acceptedAtMs = approvedAtMs + Math.max(MINUTE_MS, Math.min(2 * DAY_MS, chance.gap(4 * HOUR_MS)))
  const disbursedAtMs = acceptedAtMs + chance.between(0.2, 3) * HOUR_MS
  const loanId = `loan-${applicationId}`
  const { currency, schedule } = offer
  const termDays = Math.max(1, Math.round((lastDueMs(offer) - disbursedAtMs) / DAY_MS))
  const band = decision.score === null ? {} : { band: decision.score.band }
  const { decisionId } = decision
  const paidOut = {
    loanId,
    decisionId,
    offerId,
    principalMinor: amountMinor,
    termDays,
    approvedAtMs: Math.floor(approvedAtMs)
  }
  const isBad = truth.isFraud || chance.is(riskOf(application, decision, chance.around(1, RISK_SPREAD)))
  return [
    event('accepted', 'offer.accepted', acceptedAtMs, { offerId, amountMinor, offeredAtMs: Math.floor(approvedAtMs) }),
    event('signed', 'contract.signed', acceptedAtMs + 5 * MINUTE_MS, {
      loanId,
      offerId,
      readingSeconds: chance.whole(5, 400)
    }),
    event('out', 'loan.disbursed', disbursedAtMs, {
      ...paidOut,
      product: request.product,
      currency,
      channel: 'app',
      ...band
    }),
    ...repayment({ chance, event, loanId, decisionId, schedule, disbursedAtMs, isBad, isFraud: truth.isFraud })
  ]
}

/** Probability that a loan goes bad. */
function riskOf({ truth, isDrifted }: DemoApplication, { score }: Decision, own: number): number {
  const odds = (pd: number) => pd / (1 - pd)
  const ratio = odds(Math.min(0.95, score?.pd ?? truth.hiddenRisk)) * own * (isDrifted ? DRIFT_ODDS : 1)
  return ratio / (1 + ratio)
}

function chosen(offers: readonly Offer[], at: number): Offer | undefined {
  return offers[Math.min(offers.length - 1, Math.floor(at * offers.length))]
}

export function lastDueMs({ schedule }: Pick<Offer, 'schedule'>): number {
  return Date.parse(schedule.at(-1)?.dueDate ?? '')
}
