import type { Redis } from 'ioredis'
import { compileCheck } from '../domain/check.ts'
import type { Keys } from '../redis/keys.ts'
import { type LoanCheckPayload, LoanCheckSchema, loanCheckJobId } from './loan-job.ts'

/**
 * Checks of loans that failed for good: what they would have found is not known until a person retries them. In the Redis of the
 * decisions, so that losing the jobs loses no gap.
 */
export interface MonitoringGaps {
  readonly note: (payload: unknown) => Promise<void>
  readonly close: (payload: LoanCheckPayload) => Promise<void>
  readonly count: () => Promise<number>
}

const check = compileCheck(LoanCheckSchema)

export function createMonitoringGaps(redis: Redis, keys: Keys, nowMs: () => number): MonitoringGaps {
  return {
    note: async (payload) => {
      const checked = check(payload)
      if (checked.ok) await redis.hset(keys.monitoringGaps(), loanCheckJobId(checked.value), nowMs())
    },
    close: async (payload) => {
      await redis.hdel(keys.monitoringGaps(), loanCheckJobId(payload))
    },
    count: () => redis.hlen(keys.monitoringGaps())
  }
}
