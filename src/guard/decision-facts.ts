import type { Application } from '../domain/application.ts'
import type { Offer, Outcome, Score } from '../domain/decision.ts'
import type { DecisionFact } from './aggregates.ts'

export interface ObservedDecision {
  readonly outcome: Outcome
  readonly verdict: { readonly offers: readonly Offer[]; readonly score: Score | null }
}

/** What the guard counts of a decision; of an approval the largest offer, for that is what may be drawn. */
export function decisionFactOf(
  { outcome, verdict: { offers, score } }: ObservedDecision,
  { product, tenant }: Pick<Application, 'product' | 'tenant'>,
  fourTimesLpr: number
): DecisionFact {
  const largest = offers.reduce<Offer | undefined>(
    (most, offer) => (most === undefined || offer.amountMinor > most.amountMinor ? offer : most),
    undefined
  )
  return {
    product,
    partner: tenant,
    isApproved: outcome === 'APPROVE',
    amountMinor: largest?.amountMinor ?? 0,
    isAbove4Lpr: largest !== undefined && largest.apr.nominal > fourTimesLpr,
    pd: score?.pd ?? Number.NaN,
    funding: largest?.fundingSplit ?? []
  }
}
