import type { ReadStates } from '../decisions/redis-states.ts'
import type { Claim, DecisionStore, NextRound } from '../decisions/store.ts'
import type { ReviewEvent } from '../domain/review-event.ts'
import type { ReviewStore } from './store.ts'

export interface RoundStoreDeps {
  readonly decisions: Pick<DecisionStore, 'read'>
  readonly reviews: Pick<ReviewStore, 'commit' | 'owed' | 'standing'>
  readonly readStates: ReadStates
}

const ACTION = 'evidence'

/**
 * Where the next decision of an application becomes durable when no person made it. Nothing is claimed: of two that are made
 * at once the second is 'lost', because another decision took the place of the one before.
 */
export function createRoundStore({ decisions, reviews, readStates }: RoundStoreDeps): DecisionStore {
  return {
    begin: async (claim) => {
      const { previousDecisionId, nowMs } = nextOf(claim)
      const { application } = claim
      const [states, owed, standing] = await Promise.all([
        readStates(application),
        reviews.owed(application, previousDecisionId, nowMs),
        reviews.standing(application, previousDecisionId, nowMs)
      ])
      return states === 'backlog' ? { kind: 'backlog' } : { kind: 'claimed', states, owed, standing }
    },
    commit: async ({ claim, value, outbox, hold }) => {
      const { application, decisionId } = claim
      const { previousDecisionId, nowMs } = nextOf(claim)
      const { tenant, applicationId, refs } = application
      const ids = { tenant, decisionId, previousDecisionId }
      const ended: ReviewEvent = { kind: 'review.completed', ...ids, action: ACTION, atMs: nowMs }
      const { kind } = await reviews.commit({
        ...ids,
        applicationId,
        applicant: refs.applicant,
        value,
        outbox: [...(outbox === undefined ? [] : [outbox]), JSON.stringify(ended)],
        hold,
        nowMs,
        reviewer: undefined,
        confirms: undefined,
        action: ACTION,
        reasonCode: '',
        noteCode: ''
      })
      if (kind === 'exposed') return { kind, owed: await reviews.owed(application, previousDecisionId, nowMs) }
      return { kind: kind === 'committed' ? kind : 'lost' }
    },
    // Nothing was claimed.
    release: async () => {},
    read: decisions.read
  }
}

function nextOf({ next }: Claim): NextRound {
  if (next === undefined) throw new Error('a round stands behind a decision')
  return next
}
