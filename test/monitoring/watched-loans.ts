import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import type { LoanRef, LoanStore } from '../../src/loans/loan-store.ts'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import type { ContactInvariant } from '../../src/monitoring/contact-rules.ts'
import { LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import type { LimitAction } from '../../src/monitoring/limit-review.ts'
import { createReviewLimit } from '../../src/monitoring/limit-reviews.ts'
import type { LoanCheckPayload, LoanJob } from '../../src/monitoring/loan-job.ts'
import { loanScheduleRound } from '../../src/monitoring/loan-schedule.ts'
import { createQueue, QUEUE_NAMES, type QueueName } from '../../src/monitoring/queues.ts'
import { createRunLoanCheck, type RunLoanCheck } from '../../src/monitoring/run-loan-check.ts'
import type { OutcomeInput } from '../../src/outcomes/outcome.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import { addLoanEvents, loanNoteOf } from '../../src/redis/loan-functions.ts'
import type { WebhookEvent } from '../../src/webhooks/event.ts'
import { UTC } from '../loans/loan-events.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

export const REF: LoanRef = { tenant: 'alpha', applicantToken: 'a'.repeat(22), loanId: 'L1' }

export interface WatchedLoans {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: LoanStore
  /** The clock of the checks, to be set. */
  nowMs: number
  readonly emitted: WebhookEvent[]
  readonly outcomes: OutcomeInput[]
  readonly broken: ContactInvariant[]
  readonly noticesLost: number[]
  readonly reviewed: LimitAction[]
  readonly add: (events: readonly LoanEvent[], ref?: LoanRef) => Promise<number>
  readonly run: RunLoanCheck
  readonly queues: Readonly<Record<QueueName, Queue>>
  readonly queueOptions: { readonly connection: Redis; readonly prefix: string; readonly onError: () => void }
  /** A round of the schedule, over and over until nothing is left to look at; how many loans were looked at. */
  readonly schedule: () => Promise<number>
  /** Of all queues, in order of their time: when, and what. */
  readonly jobs: () => Promise<{ readonly id: string; readonly atMs: number; readonly data: LoanCheckPayload }[]>
  readonly notices: () => Promise<Record<string, unknown>[]>
}

export interface WatchedLoansOptions {
  readonly nowMs: number
  readonly jobs?: readonly LoanJob[]
  readonly url?: string
  /** Of the jobs, when it is another Redis. */
  readonly jobsUrl?: string
  readonly prefix?: string
}

/** The loan book, its schedule and its checks around a Redis, to be run a step at a time. */
export async function watchLoans({ jobs = LOAN_JOBS, ...options }: WatchedLoansOptions): Promise<WatchedLoans> {
  const url = options.url ?? sharedRedisUrl()
  const redis = await connectRedis({ url })
  const connection = await connectRedis({ url: options.jobsUrl ?? url, role: 'jobs' })
  await loadFunctions(redis)
  const keys = createKeys(options.prefix ?? uniquePrefix('watch'))
  const loans = createRedisLoanStore({ redis, keys, defaults: UTC, keepMs: 60_000 })
  const queueOptions = { connection, prefix: keys.jobs(), onError: () => {} }
  const queues = Object.fromEntries(QUEUE_NAMES.map((name) => [name, createQueue(name, queueOptions)])) as Record<
    QueueName,
    Queue
  >
  onTestFinished(async () => {
    await Promise.all(Object.values(queues).map((queue) => queue.close()))
  })
  const watched: WatchedLoans = {
    redis,
    keys,
    loans,
    nowMs: options.nowMs,
    emitted: [],
    outcomes: [],
    broken: [],
    noticesLost: [],
    reviewed: [],
    add: (events, { tenant, applicantToken, loanId } = REF) =>
      addLoanEvents(
        redis,
        events.map((event) => {
          const refs = { applicant: applicantToken }
          return loanNoteOf(keys, { ...event, tenant, refs, data: { ...event.data, loanId } })!
        })
      ),
    run: createRunLoanCheck(
      {
        redis,
        keys,
        loans,
        emit: async (event) => void watched.emitted.push(event),
        recordOutcomes: async (_tenant, told) => {
          watched.outcomes.push(...told)
          return told.map(() => 'counted')
        },
        reviewLimit: createReviewLimit({
          redis,
          keys,
          loans,
          emit: async (event) => void watched.emitted.push(event),
          nowMs: () => watched.nowMs,
          onReviewed: (action) => watched.reviewed.push(action)
        }),
        nowMs: () => watched.nowMs,
        onBroken: (invariant) => watched.broken.push(invariant),
        onNoticesLost: (entries) => watched.noticesLost.push(entries)
      },
      jobs
    ),
    queues,
    queueOptions,
    schedule: async () => {
      const deps = { redis, keys, loans, queueOf: (name: QueueName) => queues[name], onQueued: () => {} }
      let looked = 0
      for (let round = -1; round !== 0; looked += round)
        round = await loanScheduleRound({ ...deps, nowMs: () => watched.nowMs }, jobs)
      return looked
    },
    jobs: async () => {
      const found = await Promise.all(Object.values(queues).map((queue) => queue.getJobs(['waiting', 'delayed'])))
      return found
        .flat()
        .map(({ id = '', data, opts }) => ({ id, data, atMs: watched.nowMs + (opts.delay ?? 0) }))
        .sort((left, right) => left.atMs - right.atMs)
    },
    notices: async () =>
      entriesOf(await readStored(redis, keys.prefix), 'notices').map(([, fields]) => JSON.parse(fields[1] as string))
  }
  return watched
}
