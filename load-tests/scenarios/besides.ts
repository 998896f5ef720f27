import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { LOAN_CHECK_OPTIONS, loanCheckJobId } from '../../src/monitoring/loan-job.ts'
import { createQueue } from '../../src/monitoring/queues.ts'
import { createRedis } from '../../src/redis/client.ts'
import { createKeys, PARTITIONS } from '../../src/redis/keys.ts'
import { makeMissedLoans } from '../missed-loans.ts'
import type { ServiceUnderTest } from '../stack.ts'
import type { Beside } from './catalogue.ts'

/** Ends what goes on and says what it did. */
export type StopBeside = () => Promise<string>

export interface BesideOptions {
  readonly service: ServiceUnderTest
  /** Of decisions that are stored: what jobs are about. */
  readonly decisionIds: readonly string[]
}

const JOBS = 10_000
const PAUSE_MS = 50
const PAUSE_EVERY_MS = 2000
const COMMAND_TIMEOUT_MS = 10_000

export async function startBeside(beside: Beside, options: BesideOptions): Promise<StopBeside> {
  return beside === 'jobs' ? startJobs(options) : startPauses(options)
}

/** Redis answers nobody for a while, again and again. */
function startPauses({ service }: BesideOptions): StopBeside {
  const redis = new Redis(service.redisUrl)
  let pauses = 0
  const timer = setInterval(() => {
    pauses++
    void redis.call('CLIENT', 'PAUSE', PAUSE_MS, 'ALL').catch(() => {})
  }, PAUSE_EVERY_MS)
  return async () => {
    clearInterval(timer)
    redis.disconnect()
    return `Redis stood still ${pauses} times`
  }
}

/** Ten thousand loans of each of which an instalment was missed: read, checked, marked and told, all due now. */
async function startJobs({ service }: BesideOptions): Promise<StopBeside> {
  const connection = createRedis({
    url: service.redisUrl,
    name: 'load-jobs',
    role: 'jobs',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    onError: () => {}
  })
  const keys = createKeys(service.redisPrefix)
  const queue = createQueue<object>('loan-check', { connection, prefix: keys.jobs(), onError: () => {} })
  const payloads = await makeMissedLoans(connection, keys, service.tenant, JOBS, randomBytes(4).toString('hex'))
  // The schedule would find more to do about these loans than what is measured.
  await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => connection.del(keys.loansDue(partition))))
  await queue.addBulk(
    payloads.map((payload) => ({
      name: payload.job,
      data: payload,
      opts: { ...LOAN_CHECK_OPTIONS, jobId: loanCheckJobId(payload) }
    }))
  )
  const startedAtMs = performance.now()
  return async () => {
    const seconds = (performance.now() - startedAtMs) / 1000
    const { waiting = 0, active = 0, failed = 0 } = await queue.getJobCounts('waiting', 'active', 'failed')
    const done = JOBS - waiting - active - failed
    // What is left must not go on beside what is measured next.
    await queue.obliterate({ force: true })
    await queue.close()
    connection.disconnect()
    return `${done} of ${JOBS} jobs done, ${failed} failed, at least ${Math.round(done / seconds)} a second`
  }
}
