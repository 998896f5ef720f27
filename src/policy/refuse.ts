import type { Score } from '../domain/decision.ts'
import { MAX_REASONS, type ReasonCode, rankReasons } from '../domain/reasons.ts'
import type { Verdict } from './engine.ts'
import type { Finding } from './rules.ts'

/** The worst outcome, with the reasons of that outcome only: a fault is never told as a cause of a decline. */
export function refuseFor(findings: readonly Finding[], score: Score | null, maxReasons = MAX_REASONS): Verdict {
  const outcome = findings.some((finding) => finding.outcome === 'DECLINE') ? 'DECLINE' : 'REFER'
  const codes = findings.filter((finding) => finding.outcome === outcome).map(({ code }) => code)
  return refuse(outcome, codes, score, maxReasons)
}

export function refuse(
  outcome: Finding['outcome'],
  codes: readonly ReasonCode[],
  score: Score | null,
  maxReasons = MAX_REASONS
): Verdict {
  const reasons = rankReasons(codes).slice(0, maxReasons)
  return { outcome, score, limit: null, offers: [], reasons, utcOffsetMinutes: null }
}
