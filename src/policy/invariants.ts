import { isUsablePd } from '../domain/score-scale.ts'
import type { Verdict } from './engine.ts'
import type { Policy } from './schema.ts'

/** Promises about every decision, whatever policy and models say. */
export const INVARIANTS = [
  'approval_without_score',
  'refusal_without_reason',
  'offer_above_cap',
  'offer_above_limit'
] as const
export type Invariant = (typeof INVARIANTS)[number]

/**
 * The promises that a decision breaks; none, if all is well. Looked at once more after all checks of the way there, so that
 * a fault in them is seen.
 */
export function brokenInvariants(
  { outcome, score, reasons, offers, limit, statutory }: Verdict,
  { rateCap }: Pick<Policy, 'rateCap'>
): Invariant[] {
  const broken: Invariant[] = []
  if (outcome === 'APPROVE' && (score === null || !isUsablePd(score.pd))) broken.push('approval_without_score')
  if (outcome !== 'APPROVE' && reasons.length === 0) broken.push('refusal_without_reason')
  const nominalCap = Math.min(rateCap, statutory?.caps.nominal ?? rateCap)
  const effectiveCap = Math.min(rateCap, statutory?.caps.effective ?? rateCap)
  if (!offers.every(({ apr: { nominal, effective } }) => nominal <= nominalCap && effective <= effectiveCap))
    broken.push('offer_above_cap')
  if (!offers.every(({ amountMinor }) => limit !== null && amountMinor <= limit.amountMinor))
    broken.push('offer_above_limit')
  return broken
}
