import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Redis } from 'ioredis'
import type { Config } from '../src/config.ts'
import { loadGuard } from '../src/guard/load-guard.ts'
import { readDecisionSums } from '../src/guard/redis-decision-sums.ts'
import { createGuardStore } from '../src/guard/redis-guard-store.ts'
import { createAddUpLoans, readLoanFigures } from '../src/guard/redis-loan-figures.ts'
import { createRunGuard } from '../src/guard/run-guard.ts'
import { observeGuard } from '../src/guard-metrics.ts'
import type { LoanStore } from '../src/loans/loan-store.ts'
import { readLoanBook } from '../src/loans/redis-loan-book.ts'
import { faultFields, type Logger } from '../src/log.ts'
import type { Metrics } from '../src/metrics.ts'
import type { RunScheduled } from '../src/monitoring/scheduled-job.ts'
import type { Keys } from '../src/redis/keys.ts'

const POLICIES = new URL('../policies/', import.meta.url)

export interface GuardJobsOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly config: Pick<Config, 'POLICIES_DIR'>
  readonly loans: Pick<LoanStore, 'listByApplicant'>
  readonly log: Logger
  readonly metrics: Metrics
}

/** The jobs of the portfolio guard. */
export function createGuardJobs({ redis, keys, config, loans, log, metrics }: GuardJobsOptions) {
  const folder = config.POLICIES_DIR === '' ? POLICIES : pathToFileURL(`${resolve(config.POLICIES_DIR)}/`)
  const load = () => loadGuard(folder)
  const unread = metrics.counter('credit_guard_unread_total')
  for (const source of ['decisions', 'loans']) unread.inc({ source }, 0)
  const runGuard = createRunGuard({
    loadGuard: load,
    store: createGuardStore(redis, keys),
    readSums: (sinceMs, nowMs) => readDecisionSums(redis, keys, sinceMs, nowMs),
    readLoans: () => readLoanFigures(redis, keys, Date.now()),
    nowMs: Date.now,
    onLooked: observeGuard(metrics, log),
    onUnread: (source, error) => {
      unread.inc({ source })
      log.warn(faultFields(error), `the guard cannot read ${source}: it does nothing about them`)
    }
  })
  const addUpLoans = createAddUpLoans({
    redis,
    keys,
    readBook: () => readLoanBook({ redis, keys, loans }),
    utcOffsetMinutes: async () => (await load()).policy.utcOffsetMinutes,
    nowMs: Date.now
  })
  return {
    'portfolio-guard': runGuard,
    'loan-figures': async () => {
      const defaults = metrics.gauge('credit_first_payment_default_ratio')
      const figures = await addUpLoans()
      // What is not known any more must not stay.
      defaults.reset()
      for (const { product, fpd30 } of figures)
        if (fpd30.ratio !== null) defaults.set({ product, days: '30' }, fpd30.ratio)
      return 'done'
    }
  } as const satisfies Record<string, RunScheduled>
}
