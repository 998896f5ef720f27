import type { Queue } from 'bullmq'
import type { DecisionStore } from '../decisions/store.ts'
import { compileCheck } from '../domain/check.ts'
import { type Decision, DecisionSchema } from '../domain/decision.ts'
import { AssayError } from '../errors.ts'
import { type JobOutcome, type LoanMonitor, type RepayRemind, repayRemindJobId } from './queues.ts'

const REMIND_DAYS_BEFORE = 3
/** Ten in the morning where the borrower is: inside every quiet-hours rule (domain reference, D7). */
const REMIND_HOUR = 10
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export interface LoanMonitorDeps {
  readonly store: DecisionStore
  readonly reminders: Pick<Queue<RepayRemind>, 'add'>
  /** Told of every approval that is watched; it may be told again. */
  readonly watchOffers?: (decision: Decision, tenant: string) => Promise<void>
  readonly nowMs: () => number
}

const checkDecision = compileCheck(DecisionSchema)

/**
 * Starts watching an approved loan: finds the first due date of the best offer and schedules the reminder before it. The
 * reminder’s id says which it is, so a second run adds nothing; what the reminder does is done once by itself.
 */
export function createLoanMonitorJob({ store, reminders, watchOffers, nowMs }: LoanMonitorDeps) {
  return async ({ decisionId, tenant, utcOffsetMinutes }: LoanMonitor): Promise<JobOutcome> => {
    const stored = await store.read(tenant, decisionId)
    if (stored === undefined) return 'obsolete'
    const decision = checkDecision(JSON.parse(stored.answer))
    if (!decision.ok)
      throw new AssayError('internal_error', 'a stored decision is not one', { problems: decision.problems })
    await watchOffers?.(decision.value, tenant)
    const first = decision.value.offers[0]?.schedule[0]
    if (first === undefined) return 'obsolete'
    const reminder: RepayRemind = { decisionId, tenant, instalmentNo: first.no, dueDate: first.dueDate }
    const delay = Math.max(0, remindAtMs(first.dueDate, utcOffsetMinutes) - nowMs())
    await reminders.add('remind', reminder, { jobId: repayRemindJobId(reminder), delay })
    return 'done'
  }
}

/** Three days before a due date at ten, local time. */
export function remindAtMs(dueDate: string, utcOffsetMinutes: number): number {
  const midnightMs = Date.parse(`${dueDate}T00:00:00Z`) - utcOffsetMinutes * 60_000
  return midnightMs - REMIND_DAYS_BEFORE * DAY_MS + REMIND_HOUR * HOUR_MS
}
