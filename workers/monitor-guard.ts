import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Redis } from 'ioredis'
import type { Config } from '../src/config.ts'
import type { GuardEntry, GuardState, Judgement } from '../src/guard/guard-state.ts'
import { loadGuard } from '../src/guard/load-guard.ts'
import { readDecisionSums } from '../src/guard/redis-decision-sums.ts'
import { createGuardStore } from '../src/guard/redis-guard-store.ts'
import { createLoanFigures, readLoanFigures } from '../src/guard/redis-loan-figures.ts'
import { createRunGuard } from '../src/guard/run-guard.ts'
import type { LoanStore } from '../src/loans/loan-store.ts'
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
    onLooked: (state, entries) => tell(metrics, log, state, entries),
    onUnread: (source, error) => {
      unread.inc({ source })
      log.warn(faultFields(error), `the guard cannot read ${source}: it does nothing about them`)
    }
  })
  const addUpLoans = createLoanFigures({
    redis,
    keys,
    loans,
    utcOffsetMinutes: async () => (await load()).policy.utcOffsetMinutes,
    nowMs: Date.now
  })
  return {
    'portfolio-guard': runGuard,
    'loan-figures': async () => {
      const defaults = metrics.gauge('credit_first_payment_default_ratio')
      for (const { product, fpd30 } of await addUpLoans())
        if (fpd30 !== null) defaults.set({ product, days: '30' }, fpd30)
      return 'done'
    }
  } as const satisfies Record<string, RunScheduled>
}

const LEVELS = { green: 0, few: 0, amber: 1, red: 2 } as const

/** A rule about several partners or funders is told by the one that is worst. */
function tell(metrics: Metrics, log: Logger, state: GuardState, entries: readonly GuardEntry[]): void {
  const [levels, values] = [metrics.gauge('credit_guard_level'), metrics.gauge('credit_guard_value_ratio')]
  const restrictions = metrics.gauge('credit_guard_restrictions')
  const actions = metrics.counter('credit_guard_actions_total')
  const byRule = Map.groupBy(state.judgements, ({ rule, product }) => `${rule} ${product}`)
  for (const judgements of byRule.values()) {
    const worst = judgements.reduce((most, each) => (rank(each) > rank(most) ? each : most))
    if (worst.level === 'unknown' || worst.product === null || worst.value === null) continue
    levels.set({ rule_id: worst.rule, product: worst.product }, LEVELS[worst.level])
    values.set({ rule_id: worst.rule, product: worst.product }, worst.value)
  }
  restrictions.reset()
  for (const kind of ['pause', 'tighten']) restrictions.set({ kind }, 0)
  for (const { kind } of state.restrictions) restrictions.inc({ kind })
  for (const entry of entries) {
    if (entry.kind === 'level') {
      const { rule, product, level } = entry.judgement
      const reason = `${rule}.${product}`
      if (level === 'amber' || level === 'red')
        log.warn({ code: level, reason }, 'a limit of the portfolio is near or reached')
      continue
    }
    actions.inc({ kind: entry.kind })
    log.warn({ code: entry.kind, reason: entry.restriction.id }, 'lending is held back, or no longer')
  }
}

function rank({ level, value }: Judgement): number {
  return level === 'unknown' ? -1 : LEVELS[level] * 1e9 + (value ?? 0)
}
