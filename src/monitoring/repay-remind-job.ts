import type { Redis } from 'ioredis'
import type { DecisionStore } from '../decisions/store.ts'
import { partitionOf } from '../domain/ids.ts'
import { effectOnce } from '../redis/functions.ts'
import type { Keys } from '../redis/keys.ts'
import type { JobOutcome, RepayRemind } from './queues.ts'

/** Longer than any product’s term: a job that comes back from the dead still finds what it did. */
const REMEMBER_MS = 400 * 86_400_000

export interface RepayRemindDeps {
  readonly store: Pick<DecisionStore, 'read'>
  readonly redis: Redis
  readonly keys: Keys
}

/**
 * Puts one reminder on the notices stream, once for each instalment however often the job runs. A delayed job is a hint,
 * never the truth: a decision that is no longer there gets none. Whether the loan was paid out or paid back is not known
 * here yet: who reads the notices decides what to do with them.
 */
export function createRepayRemindJob({ store, redis, keys }: RepayRemindDeps) {
  return async ({ decisionId, tenant, instalmentNo, dueDate }: RepayRemind): Promise<JobOutcome> => {
    if ((await store.read(tenant, decisionId)) === undefined) return 'obsolete'
    const partition = partitionOf(decisionId)
    const effect = keys.effect(partition, `remind:${decisionId}:${instalmentNo}:${dueDate}`)
    const notice = JSON.stringify({ type: 'repayment.reminder', decisionId, tenant, instalmentNo, dueDate })
    const now = await effectOnce(redis, [effect, keys.notices(partition)], notice, REMEMBER_MS)
    return now ? 'done' : 'already_done'
  }
}
