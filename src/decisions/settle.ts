import { AssayError } from '../errors.ts'
import type { DecideServiceDeps } from './decide.ts'
import { endBy } from './end-by.ts'
import type { Commitment, CommitOutcome } from './store.ts'

/** Commits; when the reply is lost the truth is read, never decided again. Both together end at the deadline. */
export async function settle(
  { store, monotonicMs }: Pick<DecideServiceDeps, 'store' | 'monotonicMs'>,
  commitment: Commitment,
  deadlineAtMs: number
): Promise<CommitOutcome> {
  const within = <Result>(work: Promise<Result>) => endBy(work, deadlineAtMs - monotonicMs())
  try {
    return await within(store.commit(commitment))
  } catch (cause) {
    const { application, decisionId } = commitment.claim
    const stored = await within(store.read(application.tenant, decisionId)).catch(() => undefined)
    if (stored !== undefined) return { kind: 'committed' }
    throw new AssayError('outcome_unknown', 'the store did not say whether it has the decision', {
      cause,
      retryAfterSeconds: 1
    })
  }
}
