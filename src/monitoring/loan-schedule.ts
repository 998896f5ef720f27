import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { loanAsOf } from '../loans/fold-loan.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import type { LoanRef, LoanStore } from '../loans/loan-store.ts'
import { noteBorrowers } from '../loans/redis-borrowers.ts'
import { type Keys, PARTITIONS, partitionOfText } from '../redis/keys.ts'
import {
  effectNameOf,
  LOAN_CHECK_OPTIONS,
  type LoanCheckPayload,
  type LoanJob,
  loanCheckJobId,
  payloadOf
} from './loan-job.ts'
import type { QueueName } from './queues.ts'

/** Checks become jobs this long before they are due. */
export const AHEAD_MS = 300_000
/** A loan with checks that are jobs is looked at again after this: jobs that were lost are made again. */
export const LOOK_AGAIN_MS = 240_000
/** A loan that runs is looked at now and then, also when nothing of it is due. */
const LOOK_AT_LEAST_MS = 30 * 86_400_000
/** Of each partition in one round. */
const LOANS_A_PARTITION = 4
/** Loans read at once: Redis is never held for long. */
const TOGETHER = 16

export interface LoanScheduleDeps {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'read' | 'dueBefore' | 'settle'>
  readonly queueOf: (name: QueueName) => Pick<Queue, 'addBulk'>
  readonly nowMs: () => number
  readonly onQueued: (jobs: number) => void
}

export interface PlannedCheck {
  readonly payload: LoanCheckPayload
  readonly queue: QueueName
  readonly atMs: number
}

/** What is to do about a loan from now on, done or not: overdue checks first. */
export function planOf(jobs: readonly LoanJob[], ref: LoanRef, loan: Loan): PlannedCheck[] {
  return jobs
    .flatMap(({ name, queue, checks }) =>
      checks(loan)
        .filter(({ untilMs }) => untilMs > loan.asOfMs)
        .map((check) => ({ payload: payloadOf(name, ref, check), queue, atMs: check.atMs }))
    )
    .toSorted((left, right) => left.atMs - right.atMs)
}

/**
 * One round: loans that want to be looked at, by the loan book, become jobs of the checks that are due or soon will be. The
 * loan book says when to look again, so nothing that the queues hold is needed to go on: a job that was lost is made again, and
 * one that is there already is not made twice. The number of loans of a round is bounded, so a backlog and a clock that jumps
 * come to a rate.
 *
 * @returns how many loans were looked at
 */
export async function loanScheduleRound(deps: LoanScheduleDeps, jobs: readonly LoanJob[]): Promise<number> {
  const { loans, nowMs } = deps
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  const untilMs = nowMs() + AHEAD_MS
  const due = await loans.dueBefore(partitions, untilMs, LOANS_A_PARTITION)
  for (let start = 0; start < due.length; start += TOGETHER)
    await scheduleSome(deps, jobs, due.slice(start, start + TOGETHER))
  return due.length
}

async function scheduleSome(deps: LoanScheduleDeps, jobs: readonly LoanJob[], refs: readonly LoanRef[]) {
  const [looked] = await Promise.all([
    Promise.all(refs.map((ref) => look(deps, jobs, ref))),
    noteBorrowers(deps.redis, deps.keys, refs)
  ])
  const planned = looked.flatMap(({ pending }) => pending)
  const nowMs = deps.nowMs()
  const byQueue = Map.groupBy(planned, ({ queue }) => queue)
  await Promise.all(
    [...byQueue].map(([queue, checks]) => deps.queueOf(queue).addBulk(checks.map((check) => toJob(check, nowMs))))
  )
  deps.onQueued(planned.length)
  // After the jobs are made: whoever dies in between makes them again.
  await Promise.all(
    looked.map(({ ref, version, nextAtMs }) => version > 0 && deps.loans.settle(ref, version, nextAtMs))
  )
}

interface Looked {
  readonly ref: LoanRef
  readonly version: number
  readonly pending: readonly PlannedCheck[]
  readonly nextAtMs: number | undefined
}

async function look(
  { redis, keys, loans, nowMs }: LoanScheduleDeps,
  jobs: readonly LoanJob[],
  ref: LoanRef
): Promise<Looked> {
  const stored = await loans.read(ref)
  const atMs = nowMs()
  const loan = stored && loanAsOf(stored.history, atMs)
  if (stored === undefined) return { ref, version: 0, pending: [], nextAtMs: undefined }
  // A producer whose clock is ahead: what it told happens then.
  const told = stored.history.events.find(({ occurredAtMs }) => occurredAtMs > atMs)?.occurredAtMs
  if (loan === undefined) return { ref, version: stored.version, pending: [], nextAtMs: told }
  const plan = planOf(jobs, ref, loan)
  const soon = plan.filter(({ atMs }) => atMs <= loan.asOfMs + AHEAD_MS)
  const partition = partitionOfText(ref.applicantToken)
  const effects =
    soon.length === 0 ? [] : await redis.mget(soon.map(({ payload }) => keys.effect(partition, effectNameOf(payload))))
  const pending = soon.filter((_, index) => effects[index] !== 'd')
  const later = plan.find(({ atMs }) => atMs > loan.asOfMs + AHEAD_MS)?.atMs
  const again = pending.length > 0 ? loan.asOfMs + AHEAD_MS + LOOK_AGAIN_MS : undefined
  const atLeast = isRunning(loan) ? loan.asOfMs + LOOK_AT_LEAST_MS : undefined
  return { ref, version: stored.version, pending, nextAtMs: leastOf(later, again, told, atLeast) }
}

function leastOf(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function toJob({ payload, atMs }: PlannedCheck, nowMs: number) {
  const opts = { ...LOAN_CHECK_OPTIONS, jobId: loanCheckJobId(payload), delay: Math.max(0, atMs - nowMs) }
  return { name: payload.job, data: payload, opts }
}
