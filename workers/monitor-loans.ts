import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Config } from '../src/config.ts'
import type { DecisionStore } from '../src/decisions/store.ts'
import { readLoanHistories } from '../src/loans/redis-loan-book.ts'
import { createRedisLoanStore } from '../src/loans/redis-loan-store.ts'
import type { Logger } from '../src/log.ts'
import type { Metrics } from '../src/metrics.ts'
import { CONTACT_INVARIANTS } from '../src/monitoring/contact-rules.ts'
import { beat } from '../src/monitoring/heartbeat-job.ts'
import { createIsTold } from '../src/monitoring/is-told.ts'
import { LOAN_JOBS, SCHEDULED_JOBS, type ScheduledName } from '../src/monitoring/jobs.ts'
import { createLimitReview, createReviewLimit } from '../src/monitoring/limit-reviews.ts'
import { LoanCheckSchema } from '../src/monitoring/loan-job.ts'
import { loanScheduleRound } from '../src/monitoring/loan-schedule.ts'
import { createMonitoringGaps } from '../src/monitoring/monitoring-gaps.ts'
import { type OfferIndex, offerScheduleRound } from '../src/monitoring/offer-index.ts'
import { createIfrs9Stage, createRollVintage } from '../src/monitoring/portfolio-table-jobs.ts'
import { createQueueWorker, type JobOutcome, type QueueName, type QueueOptions } from '../src/monitoring/queues.ts'
import { createRunLoanCheck } from '../src/monitoring/run-loan-check.ts'
import { type RunScheduled, restoreSchedules, ScheduledSchema } from '../src/monitoring/scheduled-job.ts'
import { createRecordOutcomes } from '../src/outcomes/record-outcomes.ts'
import type { OutcomeStore } from '../src/outcomes/redis-outcome-store.ts'
import { loadFunctions } from '../src/redis/functions.ts'
import type { Keys } from '../src/redis/keys.ts'
import { createEmitWebhook } from '../src/webhooks/emit.ts'
import type { Endpoint } from '../src/webhooks/redis-endpoints.ts'
import { startWorkerLoop } from '../src/worker-loop.ts'
import { createGuardJobs } from './monitor-guard.ts'
import { createWarningJobs } from './monitor-warnings.ts'

const DAY_MS = 86_400_000
const FAULT_REST_MS = 1000
const RESTORE_MS = 30_000
const SCHEDULED_CONCURRENCY = 3

export interface LoanWatchOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly decisions: DecisionStore
  readonly outcomes: OutcomeStore
  readonly offers: OfferIndex
  readonly endpointsOf: (tenant: string) => Promise<readonly Endpoint[]>
  readonly queueOf: (name: QueueName) => Queue
  /** What all workers of a queue are made with. */
  readonly common: (queue: QueueName) => QueueOptions & {
    readonly concurrency: number
    readonly onFinished: (outcome: JobOutcome | 'failed', seconds: number, job: string) => void
  }
}

/** The part of the monitor that watches loans and runs by the clock: its workers, and the loop that makes its jobs. */
export function createLoanWatch(options: LoanWatchOptions) {
  const { redis, keys, config, log, metrics, decisions, outcomes, offers, queueOf, common } = options
  const keepMs = config.DECISION_RETENTION_DAYS * DAY_MS
  const defaults = { utcOffsetMinutes: config.LOAN_UTC_OFFSET_MINUTES, graceDays: config.LOAN_GRACE_DAYS }
  const loans = createRedisLoanStore({ redis, keys, defaults, keepMs })
  const gaps = createMonitoringGaps(redis, keys, Date.now)
  const broken = metrics.counter('credit_invariant_violations_total')
  for (const invariant of CONTACT_INVARIANTS) broken.inc({ invariant }, 0)
  const noticesLost = metrics.counter('credit_notices_lost_total')
  const emit = createEmitWebhook(redis, keys)
  const onReviewed = (action: string) => metrics.counter('credit_limit_reviews_total').inc({ action })
  const reviewLimit = createReviewLimit({ redis, keys, loans, emit, nowMs: Date.now, onReviewed })
  const runLoanCheck = createRunLoanCheck(
    {
      redis,
      keys,
      loans,
      emit,
      reviewLimit,
      isTold: createIsTold(options.endpointsOf, () => performance.now()),
      recordOutcomes: createRecordOutcomes({ decisions, outcomes }),
      nowMs: Date.now,
      onBroken: (invariant) => broken.inc({ invariant }),
      onNoticesLost: (entries) => noticesLost.inc(entries)
    },
    LOAN_JOBS
  )
  const loanCheckWorker = (queue: 'repay-remind' | 'loan-check') =>
    createQueueWorker(queue, {
      ...common(queue),
      schema: LoanCheckSchema,
      jobsPerSecond: config.JOBS_PER_SECOND,
      handle: async (payload, { tries, isRerun }) => {
        const result = await runLoanCheck(payload, isRerun)
        if (tries > 1 && result !== 'retry') await gaps.close(payload)
        return result
      },
      onGivenUp: gaps.note
    })

  const warnings = createWarningJobs({ redis, keys, config, loans, log, metrics })
  const tables = {
    redis,
    keys,
    readBook: () => readLoanHistories({ redis, keys, loans }),
    utcOffsetMinutes: config.LOAN_UTC_OFFSET_MINUTES,
    nowMs: Date.now
  }
  const scheduled: { readonly [Name in ScheduledName]: RunScheduled } = {
    heartbeat: beat,
    'limit-review': createLimitReview(redis, keys, reviewLimit),
    'ifrs9-stage': createIfrs9Stage(tables),
    'roll-vintage': createRollVintage(tables),
    ...createGuardJobs({ redis, keys, config, loans, log, metrics }),
    ...warnings.jobs
  }
  const scheduledWorker = (queue: 'portfolio' | 'upkeep') =>
    createQueueWorker(queue, {
      ...common(queue),
      // A job that reads the whole book holds up no other.
      concurrency: SCHEDULED_CONCURRENCY,
      schema: ScheduledSchema,
      // A schedule of another release may be left.
      handle: async ({ job }) => scheduled[job as ScheduledName]?.() ?? 'obsolete'
    })

  const startLoop = () => {
    let restoreAtMs = 0
    const onQueued = (jobs: number) => metrics.counter('credit_loan_checks_queued_total').inc(jobs)
    return startWorkerLoop({
      name: 'loan schedule',
      restMs: (looked) => Math.max(config.LOAN_LOOK_MS, (looked * 1000) / config.JOBS_PER_SECOND),
      faultRestMs: FAULT_REST_MS,
      log,
      round: async () => {
        if (performance.now() >= restoreAtMs) {
          // This version may be the first to come up in a rolling deploy, and an emptied Redis has none.
          await loadFunctions(redis)
          const made = await restoreSchedules(SCHEDULED_JOBS, queueOf, config.JOBS_TIME_ZONE)
          if (made.length > 0) log.info({ jobs: made }, 'schedules made')
          restoreAtMs = performance.now() + RESTORE_MS
        }
        await offerScheduleRound(offers, queueOf('offer-expiring'))
        return loanScheduleRound({ redis, keys, loans, queueOf, nowMs: Date.now, onQueued }, LOAN_JOBS)
      }
    })
  }

  return {
    workers: [
      loanCheckWorker('repay-remind'),
      loanCheckWorker('loan-check'),
      scheduledWorker('portfolio'),
      scheduledWorker('upkeep')
    ],
    startLoop,
    readBook: () => readLoanHistories({ redis, keys, loans }),
    close: warnings.close,
    beforeScrape: async () => metrics.gauge('credit_monitoring_gaps').set(await gaps.count())
  }
}
