import type { DecisionStore } from '../decisions/store.ts'
import { compileCheck } from '../domain/check.ts'
import { type Decision, DecisionSchema } from '../domain/decision.ts'
import { AssayError } from '../errors.ts'
import type { JobOutcome, LoanMonitor } from './queues.ts'

export interface LoanMonitorDeps {
  readonly store: Pick<DecisionStore, 'read'>
  /** Told of every approval that is watched; it may be told again. */
  readonly watchOffers: (decision: Decision, tenant: string) => Promise<void>
}

const checkDecision = compileCheck(DecisionSchema)

/**
 * Starts watching an approval: its offers, until they are taken or end. From its payout on a loan is watched by the loan book,
 * whoever approved it.
 */
export function createLoanMonitorJob({ store, watchOffers }: LoanMonitorDeps) {
  return async ({ decisionId, tenant }: LoanMonitor): Promise<JobOutcome> => {
    const stored = await store.read(tenant, decisionId)
    if (stored === undefined) return 'obsolete'
    const decision = checkDecision(JSON.parse(stored.answer))
    if (!decision.ok)
      throw new AssayError('internal_error', 'a stored decision is not one', { problems: decision.problems })
    await watchOffers(decision.value, tenant)
    return 'done'
  }
}
