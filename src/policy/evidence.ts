import { type EvidenceSoFar, REASON_OF_STEP_UP } from '../domain/evidence.ts'
import type { NextAction } from '../domain/next-actions.ts'
import { rankReasons } from '../domain/reasons.ts'
import type { Verdict } from './engine.ts'

/**
 * A verdict on an application whose evidence is being given. What a check may still be tried is counted over all rounds. Once
 * a person asked for something, nobody but a person declines, and nothing is approved before all of it is there. Pure: a
 * replay asks the same.
 */
export function withinEvidence(verdict: Verdict, evidence: EvidenceSoFar | undefined): Verdict {
  if (evidence === undefined || evidence.given.length === 0) return verdict
  const { outcome } = verdict
  const { open, askedByPerson } = evidence
  if (outcome === 'DECLINE' ? !askedByPerson : outcome === 'APPROVE' && open.length === 0) return verdict
  const nextActions = actionsOf(verdict, evidence)
  const asked = nextActions.length === 0 ? {} : { nextActions }
  if (outcome !== 'APPROVE') return { ...verdict, outcome: 'REFER', ...asked }
  const reasons = rankReasons([...new Set(open.map(({ type }) => REASON_OF_STEP_UP[type]))])
  return { ...verdict, outcome: 'REFER', limit: null, offers: [], reasons, utcOffsetMinutes: null, ...asked }
}

function actionsOf({ nextActions = [] }: Verdict, { attemptsLeft, open }: EvidenceSoFar): NextAction[] {
  const byPolicy = nextActions.map((action) => ({
    ...action,
    attemptsLeft: Math.min(action.attemptsLeft, attemptsLeft[action.type] ?? action.attemptsLeft)
  }))
  return [...byPolicy, ...open.filter(({ type }) => !byPolicy.some((action) => action.type === type))]
}
