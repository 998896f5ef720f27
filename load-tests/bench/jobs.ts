import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { startPrivateRedis } from '../../launcher/redis.mjs'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import {
  LOAN_CHECK_OPTIONS,
  type LoanCheckPayload,
  LoanCheckSchema,
  loanCheckJobId
} from '../../src/monitoring/loan-job.ts'
import { createQueueWorker } from '../../src/monitoring/queues.ts'
import { createRunLoanCheck } from '../../src/monitoring/run-loan-check.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { makeMissedLoans } from '../missed-loans.ts'
import { median } from './interleaved.ts'

const JOBS = 2000
const ROUNDS = 5
const CONCURRENCY = 10

/** Jobs a second of loan checks beside those of bare BullMQ that do nothing, in turns on one Redis. */
async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'assay-bench-jobs-'))
  const server = await startPrivateRedis({ dir })
  const clients: Redis[] = []
  const connect = async (role: 'request' | 'jobs') => {
    const redis = createRedis({ url: server.url, name: 'bench', role, commandTimeoutMs: 10_000, onError: () => {} })
    clients.push(redis)
    await whenReady(redis, 10_000)
    return redis
  }
  try {
    const [redis, connection] = [await connect('request'), await connect('jobs')]
    await loadFunctions(redis)
    const bare: number[] = []
    const checks: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await bareRound(connection))
      checks.push(await checkRound(redis, connection, String(round)))
      process.stdout.write(`round ${round + 1}: bare ${bare.at(-1)}, loan checks ${checks.at(-1)} jobs a second\n`)
    }
    const [one, other] = [median(bare), median(checks)]
    process.stdout.write(
      `median of ${ROUNDS} rounds of ${JOBS} jobs, ${CONCURRENCY} at once, appendfsync always: ` +
        `bare BullMQ ${one}, loan checks ${other} jobs a second (${((100 * other) / one).toFixed(0)} %)\n`
    )
  } finally {
    for (const redis of clients) redis.disconnect()
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** What the library does alone: takes a job, runs nothing, completes it. */
async function bareRound(connection: Redis): Promise<number> {
  const options = { connection, prefix: '{bare}' }
  const queue = new Queue('bare', options)
  const opts = { removeOnComplete: true }
  await queue.addBulk(Array.from({ length: JOBS }, (_, number) => ({ name: 'nothing', data: { number }, opts })))
  return drained(queue, (done) => new Worker('bare', async () => done(), { ...options, concurrency: CONCURRENCY }))
}

/** A missed instalment each, of a partner without an endpoint: read, find out what is to do, mark it in one write. */
async function checkRound(redis: Redis, connection: Redis, run: string): Promise<number> {
  const keys = createKeys('bench')
  const options = { connection, prefix: keys.jobs() }
  const queue = new Queue<LoanCheckPayload>('loan-check', options)
  const payloads = await makeMissedLoans(redis, keys, 'bench', JOBS, run)
  await queue.addBulk(
    payloads.map((data) => ({
      name: data.job,
      data,
      opts: { ...LOAN_CHECK_OPTIONS, jobId: loanCheckJobId(data) }
    }))
  )
  const defaults = { utcOffsetMinutes: 0, graceDays: 0 }
  const check = createRunLoanCheck(
    {
      redis,
      keys,
      loans: createRedisLoanStore({ redis, keys, defaults, keepMs: 1000 }),
      emit: createEmitWebhook(redis, keys),
      recordOutcomes: async () => [],
      reviewLimit: async () => {},
      isTold: async () => false,
      nowMs: Date.now,
      onBroken: (invariant) => {
        throw new Error(`broken: ${invariant}`)
      },
      onNoticesLost: () => {}
    },
    LOAN_JOBS
  )
  return drained(queue, (done) =>
    createQueueWorker('loan-check', {
      ...options,
      schema: LoanCheckSchema,
      concurrency: CONCURRENCY,
      handle: (payload, { isRerun }) => check(payload, isRerun),
      onFinished: (outcome) => {
        if (outcome !== 'done') throw new Error(`a check came to ${outcome}`)
        done()
      },
      onError: () => {}
    })
  )
}

async function drained(queue: Queue, start: (done: () => void) => Worker): Promise<number> {
  const finished = Promise.withResolvers<void>()
  let left = JOBS
  const startedAtMs = performance.now()
  const worker = start(() => {
    if (--left === 0) finished.resolve()
  })
  await finished.promise
  const seconds = (performance.now() - startedAtMs) / 1000
  await worker.close()
  await queue.close()
  return Math.round(JOBS / seconds)
}

await main()
