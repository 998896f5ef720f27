import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { AHEAD_MS } from '../src/monitoring/loan-schedule.ts'
import { loanFiguresJob } from '../src/monitoring/portfolio-guard-job.ts'
import { QUEUE_NAMES } from '../src/monitoring/queues.ts'
import { createRedis, whenReady } from '../src/redis/client.ts'
import { createKeys, PARTITIONS } from '../src/redis/keys.ts'

export interface Shifts {
  /** The Redis of the demo. */
  readonly redis: Redis
  /** Between shifts the queues rest, so that what the jobs do never depends on how fast the machine is. */
  readonly rest: () => Promise<void>
  /** Lets everything run that is due by now, and waits until nothing is left of it. What is about the whole portfolio waits for `whole`. */
  readonly work: (whole: boolean) => Promise<void>
  /** The queues run by themselves from now on. */
  readonly end: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ShiftsOptions {
  readonly redisUrl: string
  readonly redisPrefix: string
  /** The time of the demo. */
  readonly nowMs: () => number
  readonly deadlineMs: number
}

const LOOK_MS = 4
const COMMAND_TIMEOUT_MS = 10_000
/** BullMQ keeps delayed jobs by their time in milliseconds times this, and wakes a worker by a member of `marker`. */
const DELAYED_SCALE = 0x1000
const PARTS = ['wait', 'prioritized', 'active', 'delayed', 'marker'] as const
const LEFT = readFileSync(new URL('left.lua', import.meta.url), 'utf8')

/**
 * Runs the monitor’s work of a day in one go: checks of loans that are due, jobs, what the outboxes hold. Jobs that wait for a time are due by the demo’s clock, because the monitor
 * lives by it; a worker that sleeps until then is woken here, for its sleep is real.
 */
export async function createShifts({ redisUrl, redisPrefix, nowMs, deadlineMs }: ShiftsOptions): Promise<Shifts> {
  const onError = () => {}
  const client = (role: 'request' | 'jobs') =>
    createRedis({ url: redisUrl, name: 'assay-demo', role, commandTimeoutMs: COMMAND_TIMEOUT_MS, onError })
  const [redis, connection] = [client('request'), client('jobs')]
  await whenReady(redis, COMMAND_TIMEOUT_MS)
  const keys = createKeys(redisPrefix)
  const prefix = keys.jobs()
  const queues = QUEUE_NAMES.map((name) => new Queue(name, { connection, prefix }))
  for (const queue of queues) queue.on('error', onError)
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)

  // One after the other, so that what one reads is what the one before it wrote.
  await Promise.all(queues.filter(isPortfolio).map((queue) => queue.setGlobalConcurrency(1)))

  const due = partitions.map(keys.loansDue)
  const streams = [...partitions.map(keys.outbox), keys.webhookOutbox()]
  /** What is left to do by now; workers that sleep in front of it are woken. One round trip, for it is asked over and over. */
  const look = async (working: readonly Queue[]): Promise<number> => {
    const lists = working.flatMap(({ name }) => PARTS.map((part) => `${prefix}:${name}:${part}`))
    const names = [...lists, ...streams, ...due]
    const args = [working.length, streams.length, (nowMs() + 1) * DELAYED_SCALE, nowMs() + AHEAD_MS]
    return (await redis.eval(LEFT, names.length, ...names, ...args)) as number
  }

  const resume = (working: readonly Queue[]) => Promise.all(working.map((queue) => queue.resume()))
  const [portfolio, others] = [queues.filter(isPortfolio), queues.filter((queue) => !isPortfolio(queue))]
  /** The guard takes figures of a day ago at most: they are added up in front of it. */
  const addUpFirst = async () => {
    const { name, queue } = loanFiguresJob
    const of = portfolio.find((each) => each.name === queue)
    // The one that waits for its hour comes now; the first time there may be none yet.
    const next = (await of?.getDelayed())?.find((job) => job.name === name)
    if (next !== undefined) await next.promote()
    else await of?.add(name, { job: name }, { lifo: true, removeOnComplete: true })
  }
  const rest = async () => void (await Promise.all(queues.map((queue) => queue.pause())))
  return {
    redis,
    rest,
    work: async (whole) => {
      const working = whole ? queues : others
      if (whole) await addUpFirst()
      await resume(working)
      const endAtMs = performance.now() + deadlineMs
      for (let left = await look(working); left > 0; left = await look(working)) {
        if (performance.now() > endAtMs)
          throw new Error(`${left} jobs and outbox entries are still left after ${deadlineMs} ms`)
        await sleep(LOOK_MS)
      }
      await rest()
    },
    end: async () => {
      await Promise.all(portfolio.map((queue) => queue.removeGlobalConcurrency()))
      await resume(queues)
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()))
      redis.disconnect()
      connection.disconnect()
    }
  }
}

function isPortfolio({ name }: Queue): boolean {
  return name === loanFiguresJob.queue
}
