import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isoDate, localDay } from '../../src/domain/calendar.ts'
import { heartbeatJob } from '../../src/monitoring/heartbeat-job.ts'
import { SCHEDULED_JOBS } from '../../src/monitoring/jobs.ts'
import { LOAN_CHECK_OPTIONS, loanCheckJobId } from '../../src/monitoring/loan-job.ts'
import { loanScheduleRound } from '../../src/monitoring/loan-schedule.ts'
import { createMonitoringGaps } from '../../src/monitoring/monitoring-gaps.ts'
import { restoreSchedules } from '../../src/monitoring/scheduled-job.ts'
import { partitionOfText } from '../../src/redis/keys.ts'
import { at, disbursed } from '../loans/loan-events.ts'
import { REF, watchLoans } from '../monitoring/watched-loans.ts'
import { canStartRedis, startOwnRedis } from '../support/redis.ts'
import {
  addJob,
  countsOf,
  DUE_DATE,
  LOCK_MS,
  MISSED,
  RUN,
  toldPartner,
  untilDone,
  work,
  workerProcess
} from './watched-jobs.ts'

const DAY_MS = 86_400_000

describe('J1: a worker killed in the middle of a job', () => {
  test.each(['begun', 'told'])('where it has %s leaves the job to another, and the effect is once', async (place) => {
    const watched = await watchLoans({ nowMs: Date.now() })
    await watched.add([RUN])
    const told = await toldPartner(watched)
    const first = await workerProcess(watched, place)
    await addJob(watched)
    await first.until(place)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    expect(await told()).toBe(place === 'told' ? 1 : 0)
    const second = await workerProcess(watched)
    await second.until('came to "done"')
    await untilDone(watched)
    expect(await told()).toBe(1)
    const effect = watched.keys.effect(partitionOfText(REF.applicantToken), `due-check:alpha:L1:missed:${DUE_DATE}`)
    expect(await watched.redis.get(effect)).toBe('d')
    // The second worker took the check over before it did anything.
    expect(await watched.redis.get(effect.replace(':effect:', ':fence:')), [...first.said, ...second.said].join()).toBe(
      '1'
    )
  })
})

describe('J2: a worker whose event loop was blocked for longer than its lock', () => {
  test('finds that another one did the job, and does nothing', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    await watched.add([RUN])
    const told = await toldPartner(watched)
    const blocked = await workerProcess(watched, 'begun', 6 * LOCK_MS)
    await addJob(watched)
    await blocked.until('begun')
    const other = await workerProcess(watched)
    await other.until('came to "done"')
    await blocked.until('came to "already_done"')
    expect([...blocked.said, ...other.said].filter((line) => line === 'came to "done"')).toHaveLength(1)
    expect(await told()).toBe(1)
  })

  test('does not act after another one has begun, also when that one has done nothing yet', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    await watched.add([RUN])
    const { read } = watched.loans
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let reads = 0
    Object.assign(watched.loans, {
      read: async (ref: typeof REF) => {
        const loan = await read(ref)
        await gates[reads++]?.promise
        return loan
      }
    })
    const old = watched.run(MISSED)
    await vi.waitFor(() => expect(reads).toBe(1))
    const young = watched.run(MISSED, true)
    await vi.waitFor(() => expect(reads).toBe(2))
    gates[0]?.resolve()
    expect(await old).toBe('fenced')
    expect(watched.emitted).toEqual([])
    gates[1]?.resolve()
    expect(await young).toBe('done')
    expect(watched.emitted).toHaveLength(1)
  })

  test('reads again where the loan changed meanwhile, and does not tell what is over', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    await watched.add([RUN])
    const { read } = watched.loans
    let isFirst = true
    Object.assign(watched.loans, {
      read: async (ref: typeof REF) => {
        const loan = await read(ref)
        if (isFirst)
          await watched.add([
            {
              ...RUN,
              eventId: 'paid',
              type: 'repayment.received',
              occurredAtMs: Date.now() - DAY_MS,
              data: { loanId: 'L1', instalmentNo: 1, dueAtMs: Date.now(), amountMinor: 100 }
            } as never
          ])
        isFirst = false
        return loan
      }
    })
    expect(await watched.run(MISSED)).toBe('obsolete')
    expect(watched.emitted).toEqual([])
  })
})

describe.skipIf(!canStartRedis())('J3: a jobs Redis that is full just when a job completes', () => {
  test('says so, and the job ends after one effect', async () => {
    const own = await startOwnRedis()
    onTestFinished(() => own.stop())
    const watched = await watchLoans({ nowMs: Date.now(), jobsUrl: own.url })
    await watched.add([RUN])
    const errors: string[] = []
    const { connection } = watched.queueOptions
    const results: unknown[] = []
    work(watched, {
      onError: (error) => errors.push(error.message),
      handle: async (payload) => {
        const result = await watched.run(payload)
        if (results.push(result) === 1) await connection.config('SET', 'maxmemory', '1')
        return result
      }
    })
    await addJob(watched)
    await vi.waitFor(() => expect(errors.some((message) => message.includes('OOM'))).toBe(true), { timeout: 10_000 })
    await connection.config('SET', 'maxmemory', '0')
    await untilDone(watched)
    // BullMQ tries to complete it again, or runs it again once its lock has ended.
    expect(results[0]).toBe('done')
    expect(results.slice(1)).toEqual(results.slice(1).map(() => 'already_done'))
    expect(watched.emitted).toHaveLength(1)
  })
})

describe('J4: the same schedule made again', () => {
  test('while the job is there, after it ran and after it was removed comes to one effect for each due date', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    const rows = [6, 3].map((days) => [isoDate(localDay(Date.now(), 0) - days), 100] as const)
    await watched.add([disbursed(isoDate(localDay(Date.now(), 0) - 33), rows)])
    const again = async () => {
      watched.nowMs += 5 * 60_000
      await watched.schedule()
      return (await watched.queues['loan-check'].getJobs(['waiting'])).filter(({ name }) => name === 'due-check')
    }
    expect(await again()).toHaveLength(2)
    expect(await again()).toHaveLength(2)
    await watched.queues['loan-check'].obliterate({ force: true })
    expect(await again()).toHaveLength(2)
    const { results } = work(watched)
    await untilDone(watched)
    expect(results.length).toBeGreaterThan(1)
    for (const [dueDate] of rows) await addJob(watched, { ...MISSED, dueDate })
    await untilDone(watched)
    expect(results.slice(-2)).toEqual(['already_done', 'already_done'])
    const missed = watched.emitted.filter(({ data }) => data.alert === 'instalment_missed')
    expect(missed.map(({ data }) => data.dueDate).sort()).toEqual(rows.map(([dueDate]) => dueDate))
  })
})

describe.skipIf(!canStartRedis())('J5: a jobs Redis that was emptied', () => {
  test('is filled again from the loan book within five minutes, schedules by the clock as well', async () => {
    const own = await startOwnRedis()
    onTestFinished(() => own.stop())
    const watched = await watchLoans({ nowMs: at('2024-01-24', '09:58:00'), jobsUrl: own.url })
    const refs = Array.from({ length: 300 }, (_, index) => ({
      ...REF,
      applicantToken: `applicant-${index}`,
      loanId: `L${index}`
    }))
    for (const ref of refs) await watched.add([disbursed('2024-01-01', [['2024-01-31', 100]])], ref)
    const restore = () => restoreSchedules(SCHEDULED_JOBS, (name) => watched.queues[name], 'Asia/Shanghai')
    await Promise.all([watched.schedule(), restore()])
    const before = await watched.jobs()
    expect(before.filter(({ data }) => data.job === 'repay-remind')).toHaveLength(300)
    await watched.queueOptions.connection.flushall()
    expect(await watched.jobs()).toEqual([])
    watched.nowMs += 5 * 60_000
    expect(await restore()).toContain(heartbeatJob.name)
    await watched.schedule()
    const idsOf = (jobs: typeof before) =>
      jobs.flatMap(({ id, data }) => (data.job === 'repay-remind' ? [id] : [])).sort()
    expect(idsOf(await watched.jobs())).toEqual(idsOf(before))
  })
})

describe.skipIf(!canStartRedis())('J6: a jobs Redis that goes away under an idle worker', () => {
  const idleWorker = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'assay-jobs-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const first = await startOwnRedis({ dir })
    const watched = await watchLoans({ nowMs: Date.now(), jobsUrl: first.url })
    await watched.add([RUN])
    const { worker, results } = work(watched)
    await worker.waitUntilReady()
    const kill = async () => {
      first.kill()
      await first.exited
    }
    const bringBack = async () => {
      const second = await startOwnRedis({ dir, port: first.port })
      onTestFinished(() => second.stop())
    }
    return { watched, worker, results, kill, bringBack }
  }

  test('for a second gets its jobs done within ten seconds of its return', async () => {
    const { watched, worker, results, kill, bringBack } = await idleWorker()
    await kill()
    await sleep(1000)
    await bringBack()
    const backAtMs = performance.now()
    await addJob(watched)
    await vi.waitFor(() => expect(results).toEqual(['done']), { timeout: 15_000, interval: 20 })
    expect(performance.now() - backAtMs).toBeLessThan(10_000)
    // While there is a Redis to say goodbye to.
    await worker.close()
  })

  // Timers and clocks are moved, sockets are real: as many refused connections and waits as in an outage of that length.
  test.each([
    ['3 s', 3_000],
    ['15 s', 15_000],
    ['5 min', 300_000],
    ['10 min', 600_000]
  ])('for %s of its timers gets its jobs done within ten seconds of its return', async (_length, outageMs) => {
    const { watched, worker, results, kill, bringBack } = await idleWorker()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    await kill()
    const refused = vi.fn()
    watched.queueOptions.connection.on('error', refused)
    for (let goneMs = 0; goneMs < outageMs; goneMs += 1000) {
      await vi.advanceTimersByTimeAsync(1000)
      await sleep(2)
    }
    // One try a second at the least, however long it lasts.
    expect(refused.mock.calls.length).toBeGreaterThan(outageMs / 1000 / 2)
    await bringBack()
    const backAtMs = performance.now()
    const added = addJob(watched)
    while (results.length === 0 && performance.now() - backAtMs < 10_000) {
      await vi.advanceTimersByTimeAsync(50)
      await sleep(20)
    }
    await added
    expect(results).toEqual(['done'])
    vi.useRealTimers()
    await worker.close()
  })
})

describe('J7: a clock that jumps two days ahead', () => {
  test('over ten thousand delayed jobs makes no storm: they run at the rate of their queue', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    const jobs = Array.from({ length: 10_000 }, (_, index) => {
      const payload = { ...MISSED, loanId: `L${index}` }
      // As they stand after the jump: made two days ago, to be run by now.
      const opts = {
        ...LOAN_CHECK_OPTIONS,
        jobId: loanCheckJobId(payload),
        delay: 2 * DAY_MS,
        timestamp: Date.now() - 2 * DAY_MS
      }
      return { name: payload.job, data: payload, opts }
    })
    await watched.queues['loan-check'].addBulk(jobs)
    const startedAtMs: number[] = []
    const rate = 200
    const { worker } = work(watched, {
      jobsPerSecond: rate,
      handle: async () => {
        startedAtMs.push(performance.now())
        return 'obsolete'
      }
    })
    await vi.waitFor(() => expect(startedAtMs.length).toBeGreaterThan(2 * rate), { timeout: 20_000, interval: 20 })
    await worker.close()
    const mostInASecond = Math.max(
      ...startedAtMs.map((from) => startedAtMs.filter((each) => each >= from && each < from + 1000).length)
    )
    // Slices of a tenth of a second: at most one more falls into any second.
    expect(mostInASecond).toBeLessThanOrEqual(rate * 1.2)
  })

  test('over a book of loans looks at a bounded number of them in a round', async () => {
    const watched = await watchLoans({ nowMs: at('2024-01-02') })
    for (let index = 0; index < 40; index++) await watched.add([RUN], { ...REF, loanId: `L${index}` })
    await watched.schedule()
    watched.nowMs = Date.now() + 2 * DAY_MS
    const deps = {
      ...watched,
      queueOf: (name: keyof typeof watched.queues) => watched.queues[name],
      onQueued: () => {}
    }
    const looked = await loanScheduleRound({ ...deps, nowMs: () => watched.nowMs }, [])
    expect(looked).toBeGreaterThan(0)
    // All of them are of one person, and so of one of the 64 partitions.
    expect(looked).toBeLessThanOrEqual(4)
  })
})

describe('J8: a job that fails for good', () => {
  test('waits for a person among the failed, and its loan counts as a gap until it is retried with success', async () => {
    const watched = await watchLoans({ nowMs: Date.now() })
    await watched.add([RUN])
    const gaps = createMonitoringGaps(watched.redis, watched.keys, Date.now)
    const tries: number[] = []
    let isBroken = true
    work(watched, {
      onGivenUp: gaps.note,
      handle: async (payload, attempt) => {
        tries.push(attempt.tries)
        if (isBroken) throw new Error('broken')
        const result = await watched.run(payload)
        if (attempt.tries > 1) await gaps.close(payload)
        return result
      }
    })
    await addJob(watched, MISSED, { attempts: 3, backoff: { type: 'fixed', delay: 10 } })
    await vi.waitFor(async () => expect(await gaps.count()).toBe(1), { timeout: 10_000 })
    expect(tries).toEqual([1, 2, 3])
    expect((await countsOf(watched)).failed).toBe(1)
    expect(await watched.redis.hkeys(watched.keys.monitoringGaps())).toEqual([loanCheckJobId(MISSED)])

    isBroken = false
    const [failed] = await watched.queues['loan-check'].getFailed()
    await failed?.retry()
    await vi.waitFor(async () => expect(await gaps.count()).toBe(0), { timeout: 10_000 })
    expect(watched.emitted).toHaveLength(1)
  })
})
