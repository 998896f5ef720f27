import { beforeEach, describe, expect, test } from 'vitest'
import type { LoanCheckPayload } from '../../src/monitoring/loan-job.ts'
import { partitionOfText } from '../../src/redis/keys.ts'
import { at, disbursed, loanEvent, paid } from '../loans/loan-events.ts'
import { REF, type WatchedLoans, watchLoans } from './watched-loans.ts'

const MIN_MS = 60_000
const HOUR_MS = 60 * MIN_MS
const RUN = disbursed('2024-01-01', [['2024-01-31', 100]])
const check = (job: LoanCheckPayload['job'], kind: string, dueDate = '2024-01-31'): LoanCheckPayload => ({
  ...REF,
  job,
  kind,
  dueDate
})
const REMIND = check('repay-remind', 'Tm3')
const MISSED = check('due-check', 'missed')

let watched: WatchedLoans
beforeEach(async () => {
  watched = await watchLoans({ nowMs: at('2024-01-28', '10:00:00') })
  await watched.add([RUN])
})

describe('a check of a loan', () => {
  test('is done once by any number of runs, one after the other and at once', async () => {
    const results = await Promise.all([watched.run(REMIND), watched.run(REMIND), watched.run(REMIND)])
    expect(results.filter((result) => result === 'done')).toHaveLength(1)
    expect(results.filter((result) => result !== 'done' && result !== 'fenced' && result !== 'already_done')).toEqual(
      []
    )
    expect(await watched.run(REMIND)).toBe('already_done')
    expect(await watched.notices()).toEqual([
      {
        type: 'repayment.reminder',
        tenant: 'alpha',
        loanId: 'L1',
        decisionId: null,
        instalmentNo: 1,
        dueDate: '2024-01-31',
        remind: 'Tm3'
      }
    ])
  })

  test('keeps the newest ten thousand notices of a partition, and says how many went', async () => {
    const stream = watched.keys.notices(partitionOfText(REF.applicantToken))
    const waiting = watched.redis.pipeline()
    for (let index = 0; index < 10_300; index++) waiting.xadd(stream, '*', 'n', `{"index":${index}}`)
    await waiting.exec()
    await watched.run(REMIND)
    const left = await watched.redis.xlen(stream)
    expect(left).toBeGreaterThanOrEqual(10_000)
    expect(left).toBeLessThan(10_150)
    expect(watched.noticesLost).toEqual([10_301 - left])
    const [[, fields] = ['', []]] = await watched.redis.xrevrange(stream, '+', '-', 'COUNT', 1)
    expect(fields[1]).toContain('repayment.reminder')
  })

  test('is obsolete when the loan was paid meanwhile, when its day is over, and for a loan that is not there', async () => {
    await watched.add([paid('2024-01-27', 100)])
    expect(await watched.run(REMIND)).toBe('obsolete')
    expect(await watched.run({ ...REMIND, loanId: 'L2' })).toBe('obsolete')
    expect(await watched.run({ ...REMIND, tenant: 'beta' })).toBe('obsolete')
    const other = { ...REF, loanId: 'L3' }
    await watched.add([RUN], other)
    watched.nowMs = at('2024-01-29', '00:00:00')
    expect(await watched.run({ ...REMIND, ...other })).toBe('obsolete')
    expect(await watched.notices()).toEqual([])
  })

  test('that comes too early is put off until it is due: a clock that went back changes nothing', async () => {
    watched.nowMs -= HOUR_MS
    expect(await watched.run(REMIND)).toEqual({ postponeMs: HOUR_MS })
    expect(await watched.notices()).toEqual([])
  })

  test('tells the partner, and a run that died between the mark and the telling is made up for', async () => {
    watched.nowMs = at('2024-02-01', '00:10:00')
    const effect = watched.keys.effect(partitionOfText(REF.applicantToken), 'due-check:alpha:L1:missed:2024-01-31')
    await watched.redis.set(effect, 'p', 'PX', 60_000)
    expect(await watched.run(MISSED)).toBe('done')
    expect([await watched.redis.get(effect), await watched.redis.pttl(effect)]).toEqual(['d', expect.any(Number)])
    expect(await watched.redis.pttl(effect)).toBeGreaterThan(0)
    expect(await watched.run(MISSED)).toBe('already_done')
    expect(watched.emitted).toMatchObject([
      {
        type: 'loan.alert',
        aggregateId: 'L1',
        data: { alert: 'instalment_missed', loanId: 'L1', instalmentNo: 1, dueDate: '2024-01-31', overdueMinor: 100 }
      }
    ])
  })

  test('says what became of the decision behind a loan that is over', async () => {
    const decisionId = '01890000-0000-7000-8000-000000000000'
    const ref = { ...REF, loanId: 'L2' }
    const closed = loanEvent('loan.closed', at('2024-01-28'), {
      disbursedAtMs: at('2024-01-01'),
      dueAtMs: at('2024-01-31')
    })
    await watched.add([disbursed('2024-01-01', [['2024-01-31', 100]], { decisionId }), closed], ref)
    watched.nowMs = at('2024-01-29')
    await watched.schedule()
    const [job] = (await watched.jobs()).filter(({ data }) => data.loanId === 'L2')
    expect(job?.data.job).toBe('outcome-join')
    expect([await watched.run(job!.data), await watched.run(job!.data)]).toEqual(['done', 'already_done'])
    expect(watched.outcomes).toEqual([
      { decisionId, outcome: 'good', observedAtMs: at('2024-01-28'), source: 'repayment' }
    ])
  })
})

describe('what contacts a person', () => {
  test('waits for the morning in the quiet hours, spread over half an hour', async () => {
    const late = disbursed('2024-01-01', [['2024-01-31', 100]], { utcOffsetMinutes: -300 })
    await watched.add([late], { ...REF, loanId: 'L2' })
    // 10:00 there is 15:00 in Greenwich; a run at 22:30 there waits for 8:00, when the day of the reminder is over.
    watched.nowMs = at('2024-01-29', '03:30:00')
    const result = await watched.run({ ...REMIND, loanId: 'L2' })
    const waitMs = (result as { postponeMs: number }).postponeMs
    expect(waitMs).toBeGreaterThanOrEqual(9.5 * HOUR_MS)
    expect(waitMs).toBeLessThan(10.1 * HOUR_MS)
    watched.nowMs += waitMs
    expect(await watched.run({ ...REMIND, loanId: 'L2' })).toBe('obsolete')
    expect([await watched.notices(), watched.broken]).toEqual([[], []])
  })

  test('is at most three contacts a day over all loans of a person, those of collectors included', async () => {
    const loans = ['L2', 'L3', 'L4', 'L5'].map((loanId) => ({ ...REF, loanId }))
    for (const ref of loans) await watched.add([RUN], ref)
    const results = []
    for (const ref of loans) results.push(await watched.run({ ...REMIND, ...ref }))
    expect(results.slice(0, 3)).toEqual(['done', 'done', 'done'])
    expect(results[3]).toHaveProperty('postponeMs')
    expect(await watched.notices()).toHaveLength(3)

    const call = loanEvent('collection.contacted', at('2024-01-28', '09:00:00'), { channel: 'call', result: 'reached' })
    const other = { tenant: 'alpha', applicantToken: 'b'.repeat(22), loanId: 'L6' }
    await watched.add([RUN, call, { ...call, eventId: 'c2' }, { ...call, eventId: 'c3' }], other)
    expect(await watched.run({ ...REMIND, ...other })).toHaveProperty('postponeMs')
    expect(watched.broken).toEqual([])
  })

  test('is not held back where nobody is contacted: a mark at ten past midnight is made then', async () => {
    watched.nowMs = at('2024-02-01', '00:10:00')
    expect(await watched.run(MISSED)).toBe('done')
  })
})
