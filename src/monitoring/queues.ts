import { DelayedError, type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Static, TSchema } from 'typebox'
import { OutboxEntrySchema } from '../decisions/answer.ts'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'

export const QUEUE_NAMES = [
  'loan-monitor',
  'repay-remind',
  'loan-check',
  'offer-expiring',
  'portfolio',
  'upkeep',
  'webhook'
] as const
export type QueueName = (typeof QUEUE_NAMES)[number]

/** Payloads carry ids only: BullMQ keeps job data in clear text. */
export const LoanMonitorSchema = OutboxEntrySchema
export type LoanMonitor = Static<typeof LoanMonitorSchema>

/**
 * Ids are made from what the job is about: adding it again changes nothing while the job is kept. BullMQ takes no “:” and
 * no plain integer. Once a job is removed its id is free again, so handlers are idempotent by themselves.
 */
export function loanMonitorJobId({ decisionId }: LoanMonitor): string {
  return `mon_${decisionId}`
}

const KEEP = { removeOnComplete: { age: 86_400, count: 10_000 }, removeOnFail: { age: 604_800, count: 10_000 } }
/** Thirteen tries over about an hour, longer than an outage; then the job is failed for a person to see. */
const RETRY = { attempts: 13, backoff: { type: 'exponential', delay: 1000, jitter: 0.5 } }

/** Workers that died with the same job before it is failed for a person to see. */
const MAX_STALLED = 3

export interface QueueOptions {
  readonly connection: Redis
  readonly prefix: string
  /** Without it BullMQ prints errors as they are, past the log’s list of what may be said. */
  readonly onError: (error: Error) => void
}

export function createQueue<Payload>(name: QueueName, { connection, prefix, onError }: QueueOptions): Queue<Payload> {
  const queue = new Queue<Payload>(name, { connection, prefix, defaultJobOptions: { ...KEEP, ...RETRY } })
  queue.on('error', onError)
  return queue
}

/**
 * retry is for what is expected to fail at times: the job is tried again after its back-off, up to its `attempts`. fenced: another
 * worker began the same job later, and acts in the place of this one.
 */
export type JobOutcome = 'done' | 'already_done' | 'obsolete' | 'fenced' | 'retry'
/** A job that found that it is not to run yet is put off; that uses up no try. */
export type JobResult = JobOutcome | { readonly postponeMs: number }

/** Which try of a job it is, counted from 1. */
export interface JobTry {
  readonly tries: number
  readonly isLast: boolean
  /** Whether a worker began it before: one that failed, or put it off, or was not heard of. */
  readonly isRerun: boolean
}

export interface QueueWorkerOptions<Schema extends TSchema> extends QueueOptions {
  readonly schema: Schema
  readonly concurrency: number
  readonly handle: (payload: Static<Schema>, attempt: JobTry) => Promise<JobResult>
  /** The wait behind a number of tries, for jobs whose back-off is of the type `custom`. */
  readonly backoffMs?: (tries: number) => number
  /** Puts a job off that is not to run now, by this many milliseconds; it uses up no try. Zero runs it. */
  readonly postponeMs?: (payload: Static<Schema>) => number
  readonly onFinished: (outcome: JobOutcome | 'failed', seconds: number, job: string) => void
  /** Told of a job that has failed for good. */
  readonly onGivenUp?: ((payload: unknown) => Promise<void>) | undefined
  /** Most jobs a second of the queue, by all its workers together: what falls due at once is worked off at this rate. */
  readonly jobsPerSecond?: number | undefined
  /** A job whose worker has not been heard of for this long is run by another; BullMQ’s own 30 s unless told. */
  readonly lockMs?: number | undefined
}

/** A BullMQ worker whose payloads are checked before its handler sees them. A job may run twice: handlers allow it. */
export function createQueueWorker<Schema extends TSchema>(
  name: QueueName,
  options: QueueWorkerOptions<Schema>
): Worker {
  const { schema, concurrency, handle, backoffMs, postponeMs, onFinished, onGivenUp, onError, connection, prefix } =
    options
  const { jobsPerSecond, lockMs } = options
  const check = compileCheck(schema)
  const postpone = async (job: Job, ms: number, token: string | undefined): Promise<never> => {
    await job.moveToDelayed(Date.now() + ms, token)
    throw new DelayedError()
  }
  const worker = new Worker(
    name,
    async (job, token) => {
      const { data, attemptsMade, opts } = job
      const startedAtMs = performance.now()
      const finished = (outcome: JobOutcome | 'failed') =>
        onFinished(outcome, (performance.now() - startedAtMs) / 1000, job.name)
      try {
        const checked = check(data)
        if (!checked.ok)
          throw new AssayError('internal_error', `a ${name} job is malformed`, { problems: checked.problems })
        const laterMs = postponeMs?.(checked.value) ?? 0
        if (laterMs > 0) await postpone(job, laterMs, token)
        const tries = attemptsMade + 1
        const result = await handle(checked.value, {
          tries,
          isLast: tries >= (opts.attempts ?? 1),
          isRerun: job.attemptsStarted > 1
        })
        if (typeof result === 'object') return await postpone(job, result.postponeMs, token)
        finished(result)
        if (result !== 'retry') return result
      } catch (error) {
        if (!(error instanceof DelayedError)) finished('failed')
        throw error
      }
      // BullMQ tries again what throws.
      throw new Error(`${name}: to be tried again`)
    },
    {
      connection,
      prefix,
      concurrency,
      maxStalledCount: MAX_STALLED,
      ...(jobsPerSecond !== undefined && { limiter: limiterOf(jobsPerSecond) }),
      ...(lockMs !== undefined && { lockDuration: lockMs, stalledInterval: lockMs }),
      ...(backoffMs !== undefined && { settings: { backoffStrategy: backoffMs } })
    }
  )
  worker.on('error', onError)
  if (onGivenUp !== undefined)
    worker.on('failed', (job) => {
      if (job?.finishedOn !== undefined) onGivenUp(job.data).catch(onError)
    })
  return worker
}

/** In slices of a tenth of a second, so that a second’s jobs do not all come at once. */
function limiterOf(jobsPerSecond: number) {
  return { max: Math.max(1, Math.round(jobsPerSecond / 10)), duration: 100 }
}
