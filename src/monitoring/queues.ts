import { DelayedError, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { type Static, type TSchema, Type } from 'typebox'
import { OutboxEntrySchema } from '../decisions/answer.ts'
import { compileCheck } from '../domain/check.ts'
import { DecisionIdSchema, TenantSchema } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'

export const QUEUE_NAMES = ['loan-monitor', 'repay-remind', 'offer-expiring', 'webhook'] as const
export type QueueName = (typeof QUEUE_NAMES)[number]

/** Payloads carry ids only: BullMQ keeps job data in clear text. */
export const LoanMonitorSchema = OutboxEntrySchema
export const RepayRemindSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    tenant: TenantSchema,
    instalmentNo: Type.Integer({ minimum: 1 }),
    dueDate: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
  },
  { additionalProperties: false }
)
export type LoanMonitor = Static<typeof LoanMonitorSchema>
export type RepayRemind = Static<typeof RepayRemindSchema>

/**
 * Ids are made from what the job is about: adding it again changes nothing while the job is kept. BullMQ takes no “:” and
 * no plain integer. Once a job is removed its id is free again, so handlers are idempotent by themselves.
 */
export function loanMonitorJobId({ decisionId }: LoanMonitor): string {
  return `mon_${decisionId}`
}

export function repayRemindJobId({ decisionId, instalmentNo }: RepayRemind): string {
  return `rem_${decisionId}_${instalmentNo}_Tm3`
}

const KEEP = { removeOnComplete: { age: 86_400, count: 10_000 }, removeOnFail: { age: 604_800, count: 10_000 } }
/** Twelve tries over about an hour, longer than an outage; then the job is failed for a person to see. */
const RETRY = { attempts: 12, backoff: { type: 'exponential', delay: 1000, jitter: 0.5 } }

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

/** retry is for what is expected to fail at times: the job is tried again after its back-off, up to its `attempts`. */
export type JobOutcome = 'done' | 'already_done' | 'obsolete' | 'retry'

/** Which try of a job it is, counted from 1. */
export interface JobTry {
  readonly tries: number
  readonly isLast: boolean
}

export interface QueueWorkerOptions<Schema extends TSchema> extends QueueOptions {
  readonly schema: Schema
  readonly concurrency: number
  readonly handle: (payload: Static<Schema>, attempt: JobTry) => Promise<JobOutcome>
  /** The wait behind a number of tries, for jobs whose back-off is of the type `custom`. */
  readonly backoffMs?: (tries: number) => number
  /** Puts a job off that is not to run now, by this many milliseconds; it uses up no try. Zero runs it. */
  readonly postponeMs?: (payload: Static<Schema>) => number
  readonly onFinished: (outcome: JobOutcome | 'failed', seconds: number) => void
}

/** A BullMQ worker whose payloads are checked before its handler sees them. A job may run twice: handlers allow it. */
export function createQueueWorker<Schema extends TSchema>(
  name: QueueName,
  options: QueueWorkerOptions<Schema>
): Worker {
  const { schema, concurrency, handle, backoffMs, postponeMs, onFinished, onError, connection, prefix } = options
  const check = compileCheck(schema)
  const worker = new Worker(
    name,
    async (job, token) => {
      const { data, attemptsMade, opts } = job
      const startedAtMs = performance.now()
      const finished = (outcome: JobOutcome | 'failed') => onFinished(outcome, (performance.now() - startedAtMs) / 1000)
      try {
        const checked = check(data)
        if (!checked.ok)
          throw new AssayError('internal_error', `a ${name} job is malformed`, { problems: checked.problems })
        const laterMs = postponeMs?.(checked.value) ?? 0
        if (laterMs > 0) {
          await job.moveToDelayed(Date.now() + laterMs, token)
          throw new DelayedError()
        }
        const tries = attemptsMade + 1
        const outcome = await handle(checked.value, { tries, isLast: tries >= (opts.attempts ?? 1) })
        finished(outcome)
        if (outcome !== 'retry') return outcome
      } catch (error) {
        if (!(error instanceof DelayedError)) finished('failed')
        throw error
      }
      // BullMQ tries again what throws.
      throw new Error(`${name}: to be tried again`)
    },
    { connection, prefix, concurrency, ...(backoffMs !== undefined && { settings: { backoffStrategy: backoffMs } }) }
  )
  worker.on('error', onError)
  return worker
}
