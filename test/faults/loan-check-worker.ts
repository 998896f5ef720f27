import { setTimeout as sleep } from 'node:timers/promises'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import { LoanCheckSchema } from '../../src/monitoring/loan-job.ts'
import { createQueueWorker } from '../../src/monitoring/queues.ts'
import { createRunLoanCheck } from '../../src/monitoring/run-loan-check.ts'
import { createRedis } from '../../src/redis/client.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { UTC } from '../loans/loan-events.ts'

/**
 * A worker of loan checks in a process of its own, to be killed or blocked where the parent says: `begun` before it acts, `told`
 * after the partner was told. It prints where it is and what its runs came to, a line each.
 */
const [url = '', prefix = '', stopAt = '', blockMs = '0', lockMs = '1000'] = process.argv.slice(2)

const say = (line: string) => process.stdout.write(`${line}\n`)
const connect = (role: 'request' | 'jobs') =>
  createRedis({ url, name: 'loan-check-worker', role, commandTimeoutMs: 5000, onError: () => {} })
const [redis, connection] = [connect('request'), connect('jobs')]
const keys = createKeys(prefix)
const loans = createRedisLoanStore({ redis, keys, defaults: UTC, keepMs: 60_000 })
const emit = createEmitWebhook(redis, keys)

/** Stands still there: its event loop as well where a time is told, so that it cannot keep its lock. */
async function pass(place: string): Promise<void> {
  if (place !== stopAt) return
  say(place)
  if (blockMs === '0') await sleep(60_000)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blockMs))
}

const run = createRunLoanCheck(
  {
    redis,
    keys,
    loans: {
      read: async (ref) => {
        const loan = await loans.read(ref)
        await pass('begun')
        return loan
      }
    },
    emit: async (event) => {
      await emit(event)
      await pass('told')
    },
    recordOutcomes: async () => [],
    reviewLimit: async () => {},
    nowMs: Date.now,
    onBroken: say,
    onNoticesLost: () => {}
  },
  LOAN_JOBS
)

createQueueWorker('loan-check', {
  connection,
  prefix: keys.jobs(),
  schema: LoanCheckSchema,
  concurrency: 1,
  lockMs: Number(lockMs),
  handle: async (payload, { isRerun }) => {
    const result = await run(payload, isRerun)
    say(`came to ${JSON.stringify(result)}`)
    return result
  },
  onFinished: () => {},
  onError: () => {}
})
say('ready')
