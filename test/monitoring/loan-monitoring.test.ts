import { randomUUIDv7 } from 'node:crypto'
import { type Queue, QueueEvents } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import type { ReviewEvent } from '../../src/domain/review-event.ts'
import { createLoanMonitorJob } from '../../src/monitoring/loan-monitor-job.ts'
import { relayRound } from '../../src/monitoring/outbox-relay.ts'
import {
  createQueue,
  createQueueWorker,
  type LoanMonitor,
  LoanMonitorSchema,
  loanMonitorJobId
} from '../../src/monitoring/queues.ts'
import type { RedisRole } from '../../src/redis/client.ts'
import { createGroupReader } from '../../src/redis/group-reader.ts'
import { application, approve, buildTestApp, postDecision } from '../support/app.ts'
import { connectRedis } from '../support/redis.ts'

/** In Lagos, an hour east of Greenwich, it is the first of June already. */
const NOW_MS = Date.UTC(2026, 4, 31, 23, 30)

const connect = (role: RedisRole) => connectRedis({ role })

/** The parts of the monitor process around one approved loan, to be run a step at a time. */
async function monitored(options: Parameters<typeof buildTestApp>[0] = {}) {
  const service = await buildTestApp({ clock: { nowMs: () => NOW_MS }, ...options })
  const { redis, keys, store } = service
  const watched: string[] = []
  const [blocking, connection] = await Promise.all([connect('blocking'), connect('jobs')])
  const queueOptions = { connection, prefix: keys.jobs(), onError: () => {} }
  const monitor = createQueue<LoanMonitor>('loan-monitor', queueOptions)
  onTestFinished(() => monitor.close())
  const streams = Array.from({ length: 64 }, (_, partition) => keys.outbox(partition))
  const shape = { blocking, redis, streams, group: 'relay', count: 100, blockMs: 20, takeOverAfterMs: 0 }
  const reader = createGroupReader({ ...shape, consumer: 'one' })
  const malformed: unknown[] = []
  const reviewed: string[] = []
  const failing: string[] = []
  const noted: string[] = []
  const relay = {
    reader,
    note: async (approvals: readonly LoanMonitor[]) =>
      void noted.push(...approvals.map(({ decisionId }) => decisionId)),
    review: async ({ decisionId }: ReviewEvent) => {
      if (failing.includes(decisionId)) throw new Error('no place')
      reviewed.push(decisionId)
    },
    queue: monitor,
    onRelayed: () => {},
    onMalformed: (entry: unknown) => void malformed.push(entry)
  }
  return {
    service,
    monitor,
    watched,
    noted,
    queueOptions,
    malformed,
    reviewed,
    failing,
    reader,
    relay: async () => relayRound(relay, await reader.read()),
    relayEntries: (entries: Parameters<typeof relayRound>[1]) => relayRound(relay, entries),
    runMonitor: createLoanMonitorJob({
      store,
      watchOffers: async ({ decisionId }, tenant) => void watched.push(`${tenant} ${decisionId}`)
    })
  }
}

type Loan = Awaited<ReturnType<typeof monitored>>

async function approved({ service }: Loan): Promise<Decision> {
  const answer = await postDecision(service, application({ term: { count: 60, unit: 'day' } }))
  expect(answer.json()).toMatchObject({ decision: 'APPROVE' })
  return answer.json<Decision>()
}

async function onlyJob<Payload>(queue: Queue<Payload>) {
  const jobs = await queue.getJobs(['waiting', 'delayed', 'active', 'completed', 'failed', 'prioritized'])
  expect(jobs).toHaveLength(1)
  return jobs[0] as NonNullable<(typeof jobs)[0]>
}

describe('an approved loan', () => {
  test('leaves one outbox entry that becomes one job whose id says which loan it is', async () => {
    const loan = await monitored()
    const { decisionId } = await approved(loan)
    expect(await loan.relay()).toBe(1)
    const job = await onlyJob(loan.monitor)
    expect([job.id, job.data]).toEqual([
      loanMonitorJobId(job.data),
      { decisionId, tenant: 'alpha', utcOffsetMinutes: 60 }
    ])
    expect(job.id).toContain(decisionId)
    expect([await loan.relay(), await loan.reader.countPending()]).toEqual([0, 0])
  })

  test('is watched once it is relayed, and the job made again is one job', async () => {
    const loan = await monitored()
    const { decisionId } = await approved(loan)
    const entries = await loan.reader.read()
    await Promise.all([loan.relayEntries(entries), loan.relayEntries(entries)])
    const { data } = await onlyJob(loan.monitor)
    expect(await loan.runMonitor(data)).toBe('done')
    expect(loan.watched).toEqual([`alpha ${decisionId}`])
    expect(loan.noted).toEqual([decisionId, decisionId])
  })

  test('is relayed by the next relay when the first died between queueing and acknowledging', async () => {
    const loan = await monitored()
    await approved(loan)
    const entries = await loan.reader.read()
    expect(entries).toHaveLength(1)
    const seen = Number(entries[0]?.id.split('-')[0])
    while ((await loan.service.redis.time().then(([s, us]) => Number(s) * 1000 + Number(us) / 1000)) < seen + 3);
    await loan.relayEntries(await loan.reader.takeOver())
    await onlyJob(loan.monitor)
    expect(await loan.reader.countPending()).toBe(0)
  })
})

describe('what is not an approved loan', () => {
  test('sets nothing off when declined, and no job when referred', async () => {
    const loan = await monitored({ score: () => approve(0.5) })
    await postDecision(loan.service, application())
    expect(await loan.relay()).toBe(0)
    await postDecision(loan.service, application({ consents: [] }))
    expect(await loan.relay()).toBe(1)
    expect(await loan.monitor.getJobCountByTypes()).toBe(0)
  })

  test('goes to the reviews when referred', async () => {
    const loan = await monitored({ score: () => approve(0.3) })
    const { decisionId } = (await postDecision(loan.service, application())).json()
    await loan.relay()
    expect(loan.reviewed).toEqual([decisionId])
    expect(await loan.reader.countPending()).toBe(0)
  })

  test('a referral that cannot be put before a person comes again, and what came with it is done', async () => {
    const loan = await monitored({ score: () => approve(0.3) })
    const [first, second] = [application(), application()]
    for (const each of [first, second]) await postDecision(loan.service, each)
    loan.failing.push((await postDecision(loan.service, first)).json().decisionId)
    await expect(loan.relay()).rejects.toThrow('no place')
    expect(await loan.reader.countPending()).toBe(1)
    loan.failing.pop()
    await loan.relayEntries(await loan.reader.takeOver())
    expect(await loan.reader.countPending()).toBe(0)
  })

  test('a malformed outbox entry is reported, acknowledged and does not block the next', async () => {
    const loan = await monitored()
    const { redis, keys } = loan.service
    const bad: [string, string][] = [
      ['o', '{'],
      ['o', '{}'],
      ['o', 'null'],
      ['x', 'y'],
      ['o', JSON.stringify({ decisionId: 'x', tenant: 'alpha', utcOffsetMinutes: 0 })]
    ]
    for (const partition of [0, 17, 63])
      for (const [field, value] of bad) await redis.xadd(keys.outbox(partition), '*', field, value)
    await approved(loan)
    expect(await loan.relay()).toBe(16)
    expect(loan.malformed).toHaveLength(15)
    await onlyJob(loan.monitor)
    expect(await loan.reader.countPending()).toBe(0)
  })

  test('a decision that is not there any more, or another partner’s, is obsolete and tells nobody', async () => {
    const loan = await monitored()
    const { decisionId } = await approved(loan)
    const missing = `${randomUUIDv7().slice(0, 15)}000${randomUUIDv7().slice(18)}`
    for (const [id, tenant] of [
      [missing, 'alpha'],
      [decisionId, 'beta']
    ] as const) {
      expect(await loan.runMonitor({ decisionId: id, tenant, utcOffsetMinutes: 60 })).toBe('obsolete')
    }
    expect(loan.watched).toEqual([])
  })
})

describe('a real queue worker', () => {
  test('runs the job', async () => {
    const loan = await monitored()
    const finished = Promise.withResolvers<string>()
    const worker = createQueueWorker('loan-monitor', {
      ...loan.queueOptions,
      concurrency: 2,
      schema: LoanMonitorSchema,
      handle: loan.runMonitor,
      onFinished: (outcome, _seconds, job) => finished.resolve(`${job} ${outcome}`)
    })
    onTestFinished(() => worker.close())
    await approved(loan)
    await loan.relay()
    expect(await finished.promise).toBe('monitor done')
  })

  test('fails a malformed payload before its handler sees it', async () => {
    const loan = await monitored()
    let handled = 0
    const worker = createQueueWorker('loan-monitor', {
      ...loan.queueOptions,
      concurrency: 1,
      onError: () => {},
      schema: LoanMonitorSchema,
      handle: async () => {
        handled++
        return 'done'
      },
      onFinished: () => {}
    })
    const events = new QueueEvents('loan-monitor', loan.queueOptions)
    onTestFinished(async () => {
      await Promise.all([worker.close(), events.close()])
    })
    const queue = loan.monitor as unknown as Queue<object>
    const job = await queue.add('monitor', { decisionId: 'x', phone: '1' }, { jobId: 'mon_bad', attempts: 1 })
    await expect(job.waitUntilFinished(events)).rejects.toThrow(/malformed/)
    expect(handled).toBe(0)
  })
})
