import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, vi } from 'vitest'
import { isoDate, localDay } from '../../src/domain/calendar.ts'
import {
  LOAN_CHECK_OPTIONS,
  type LoanCheckPayload,
  LoanCheckSchema,
  loanCheckJobId
} from '../../src/monitoring/loan-job.ts'
import { createQueueWorker, type QueueWorkerOptions } from '../../src/monitoring/queues.ts'
import { createEndpoints } from '../../src/webhooks/redis-endpoints.ts'
import { createSeal } from '../../src/webhooks/seal.ts'
import { disbursed } from '../loans/loan-events.ts'
import { REF, type WatchedLoans } from '../monitoring/watched-loans.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { sharedRedisUrl } from '../support/redis.ts'

export const LOCK_MS = 1000
export const DUE_DATE = isoDate(localDay(Date.now(), 0) - 3)
/** Its only instalment was due three days ago. */
export const RUN = disbursed(isoDate(localDay(Date.now(), 0) - 33), [[DUE_DATE, 100]])
export const MISSED: LoanCheckPayload = { ...REF, job: 'due-check', kind: 'missed', dueDate: DUE_DATE }

type Extra = Partial<QueueWorkerOptions<typeof LoanCheckSchema>>

/** A worker of the loan checks in this process. */
export function work(watched: WatchedLoans, extra: Extra = {}) {
  const results: unknown[] = []
  const worker = createQueueWorker('loan-check', {
    ...watched.queueOptions,
    schema: LoanCheckSchema,
    concurrency: 10,
    lockMs: LOCK_MS,
    handle: async (payload, { isRerun }) => {
      const result = await watched.run(payload, isRerun)
      results.push(result)
      return result
    },
    onFinished: () => {},
    ...extra
  })
  onTestFinished(() => worker.close())
  return { worker, results }
}

export function addJob({ queues }: WatchedLoans, payload = MISSED, options = {}) {
  return queues['loan-check'].add(payload.job, payload, {
    ...LOAN_CHECK_OPTIONS,
    jobId: loanCheckJobId(payload),
    ...options
  })
}

export const countsOf = ({ queues }: WatchedLoans) =>
  queues['loan-check'].getJobCounts('waiting', 'active', 'delayed', 'failed')
export const untilDone = (watched: WatchedLoans) =>
  vi.waitFor(async () => expect(await countsOf(watched)).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 }), {
    timeout: 20_000,
    interval: 50
  })

/** A real worker process; `said` are its lines. */
export async function workerProcess(watched: WatchedLoans, stopAt = '', blockMs = 0) {
  const path = new URL('./loan-check-worker.ts', import.meta.url).pathname
  const args = [path, sharedRedisUrl(), watched.keys.prefix, stopAt, String(blockMs), String(LOCK_MS)]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const said: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => said.push(line))
  const until = (line: string) =>
    vi.waitFor(() => expect(said.includes(line), said.join()).toBe(true), { timeout: 20_000 })
  await until('ready')
  return { child, said, until }
}

/** An endpoint of the partner, so that what it is told is kept; how many times it was told. */
export async function toldPartner({ redis, keys }: WatchedLoans) {
  const endpoints = createEndpoints(redis, keys, createSeal(TEST_TOKEN_KEY))
  await endpoints.add(REF.tenant, { url: 'https://partner.example/', types: ['loan.alert'] }, Date.now())
  return () => redis.xlen(keys.webhookOutbox())
}
