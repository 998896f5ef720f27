import { localDay, startOfDayMs } from '../domain/calendar.ts'
import type { DecisionSums, GuardAggregates, LoanFigures } from './aggregates.ts'
import type { GuardPolicy } from './guard-schema.ts'
import type { GuardEntry, GuardState } from './guard-state.ts'
import { judge, nextState } from './judge.ts'
import type { LoadedGuard } from './load-guard.ts'
import type { GuardStore } from './redis-guard-store.ts'

const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS
/** How often a look is begun again because somebody else has changed the state meanwhile. */
const MAX_TRIES = 3

export interface RunGuardDeps {
  readonly loadGuard: () => Promise<LoadedGuard>
  readonly store: GuardStore
  readonly readSums: (sinceMs: number, nowMs: number) => Promise<DecisionSums[]>
  /** Undefined while nobody has added up the loan book. */
  readonly readLoans: () => Promise<LoanFigures[] | undefined>
  readonly nowMs: () => number
  readonly onLooked: (state: GuardState, entries: readonly GuardEntry[], policy: GuardPolicy) => void
  /** Something could not be read: its rules are unknown, and nothing is done about them. */
  readonly onUnread: (what: 'decisions' | 'loans', error: unknown) => void
}

/**
 * One look of the portfolio guard: adds up what was decided and what the loan book says, judges it, and restricts what is red.
 * Idempotent: two at once, or one that runs again, restrict once, because a state is only replaced by who has read it.
 *
 * @returns 'retry' when others kept changing the state
 */
export function createRunGuard(deps: RunGuardDeps): () => Promise<'done' | 'retry'> {
  const { loadGuard, store, nowMs, onLooked } = deps
  return async () => {
    const guard = await loadGuard()
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const read = await store.read()
      const atMs = nowMs()
      const judgements = judge(guard.policy, await aggregate(deps, guard, atMs))
      const { state, entries } = nextState(guard, read.state, judgements, atMs)
      if (!(await store.write(read, state, entries))) continue
      onLooked(state, entries, guard.policy)
      return 'done'
    }
    return 'retry'
  }
}

async function aggregate(
  { readSums, readLoans, onUnread }: RunGuardDeps,
  { policy: { utcOffsetMinutes } }: LoadedGuard,
  nowMs: number
): Promise<GuardAggregates> {
  const dayStartMs = startOfDayMs(localDay(nowMs, utcOffsetMinutes), utcOffsetMinutes)
  const unread = (what: 'decisions' | 'loans') => (error: unknown) => {
    onUnread(what, error)
    return undefined
  }
  const [today, recent, week, loans] = await Promise.all([
    readSums(dayStartMs, nowMs).catch(unread('decisions')),
    readSums(nowMs - HOUR_MS, nowMs).catch(unread('decisions')),
    readSums(nowMs - WEEK_MS, nowMs).catch(unread('decisions')),
    readLoans().catch(unread('loans'))
  ])
  return { today, recent, week, loans }
}
