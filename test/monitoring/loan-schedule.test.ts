import { beforeEach, describe, expect, test } from 'vitest'
import { restoreSchedules, type ScheduledJob } from '../../src/monitoring/scheduled-job.ts'
import { at, disbursed, paid } from '../loans/loan-events.ts'
import { REF, type WatchedLoans, watchLoans } from './watched-loans.ts'

const MIN_MS = 60_000
const RUN = disbursed('2024-01-01', [['2024-01-31', 100]])

let watched: WatchedLoans
beforeEach(async () => {
  watched = await watchLoans({ nowMs: at('2024-01-02') })
})

const queued = async () =>
  (await watched.jobs()).map(
    ({ data: { job, kind }, atMs }) => `${job} ${kind} ${new Date(atMs).toISOString().slice(5, 16)}`
  )

describe('the schedule of loans', () => {
  test('makes no job before one is due within minutes, and asks the book no more until then', async () => {
    await watched.add([RUN])
    expect([await watched.schedule(), await queued()]).toEqual([1, []])
    watched.nowMs = at('2024-01-24', '09:54:59')
    expect(await watched.schedule()).toBe(0)
    watched.nowMs = at('2024-01-24', '09:55:00')
    expect([await watched.schedule(), await queued()]).toEqual([1, ['repay-remind Tm7 01-24T10:00']])
    expect(await watched.schedule()).toBe(0)
  })

  test('looks at a loan at once when something happens to it, and plans by what it is then', async () => {
    await watched.add([RUN])
    watched.nowMs = at('2024-01-24', '09:56:00')
    await watched.schedule()
    await watched.add([paid('2024-01-24', 100, '09:00:00')])
    const [job] = await watched.jobs()
    expect(await watched.schedule()).toBe(1)
    watched.nowMs = at('2024-01-24', '10:00:00')
    expect(await watched.run(job!.data)).toBe('obsolete')
  })

  test('makes a lost job again within five minutes, and not one that was done', async () => {
    await watched.add([RUN])
    watched.nowMs = at('2024-01-24', '10:00:00')
    await watched.schedule()
    const [job] = await watched.jobs()
    await watched.queues['repay-remind'].obliterate({ force: true })
    watched.nowMs += 5 * MIN_MS
    expect([await watched.schedule(), (await queued()).length]).toEqual([1, 1])
    expect(await watched.run(job!.data)).toBe('done')
    await watched.queues['repay-remind'].obliterate({ force: true })
    watched.nowMs += 5 * MIN_MS
    expect([await watched.schedule(), await queued()]).toEqual([1, []])
  })

  test('goes on with a loan to which something happened between the look and its end', async () => {
    await watched.add([RUN])
    const settled: boolean[] = []
    const { settle } = watched.loans
    let isFirst = true
    Object.assign(watched.loans, {
      settle: async (...args: Parameters<typeof settle>) => {
        if (isFirst) await watched.add([paid('2024-01-02', 10, '11:00:00')])
        isFirst = false
        settled.push(await settle(...args))
        return settled.at(-1)
      }
    })
    expect(await watched.schedule()).toBe(2)
    expect(settled).toEqual([false, true])
  })

  test('takes a bounded number of loans in a round however many are due, and comes to all of them', async () => {
    const refs = Array.from({ length: 40 }, (_, index) => ({ ...REF, loanId: `L${index}` }))
    for (const ref of refs) await watched.add([RUN], ref)
    watched.nowMs = at('2024-01-24', '10:00:00')
    expect(await watched.schedule()).toBe(40)
    expect(await queued()).toHaveLength(40)
  })

  test('comes back to events that are told ahead of time when they have happened', async () => {
    await watched.add([disbursed('2024-01-03', [['2024-01-31', 100]])])
    expect(await watched.schedule()).toBe(1)
    watched.nowMs = at('2024-01-03')
    expect(await watched.schedule()).toBe(1)
    watched.nowMs = at('2024-01-24', '10:00:00')
    await watched.schedule()
    expect(await queued()).toEqual(['repay-remind Tm7 01-24T10:00'])
  })
})

describe('schedules by the clock', () => {
  const JOBS: ScheduledJob[] = [
    { name: 'often', queue: 'upkeep', schedule: { everyMs: 60_000 }, once: '' },
    { name: 'daily', queue: 'portfolio', schedule: { pattern: '30 0 * * *' }, once: '' }
  ]

  test('are made in their zone, left alone while they are there, and made again when they are gone or differ', async () => {
    const restore = (zone = 'Asia/Shanghai') => restoreSchedules(JOBS, (name) => watched.queues[name], zone)
    expect(await restore()).toEqual(['often', 'daily'])
    const [daily] = await watched.queues.portfolio.getJobSchedulers()
    const next = new Date(daily?.next ?? 0)
    expect([daily?.tz, next.getUTCHours(), next.getUTCMinutes()]).toEqual(['Asia/Shanghai', 16, 30])
    expect(await restore()).toEqual([])
    expect(await restore('Africa/Lagos')).toEqual(['daily'])
    await watched.queues.upkeep.obliterate({ force: true })
    await watched.queues.upkeep.removeJobScheduler('often')
    expect(await restore('Africa/Lagos')).toEqual(['often'])
  })
})
