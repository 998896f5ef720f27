import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import {
  brokenContactInvariants,
  contactableFromMs,
  MAX_CONTACTS_A_DAY,
  nextContactDayMs
} from '../../src/monitoring/contact-rules.ts'
import { LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import { LoanCheckSchema, type LoanJobName, loanCheckJobId } from '../../src/monitoring/loan-job.ts'
import { planOf } from '../../src/monitoring/loan-schedule.ts'
import { at, disbursed, loanEvent, paid, UTC } from '../loans/loan-events.ts'
import { REF } from './watched-loans.ts'

const MIN_MS = 60_000
const DAY_MS = 86_400_000
const DECISION = '01890000-0000-7000-8000-000000000000'
const RUN = disbursed('2024-01-01', [
  ['2024-01-31', 100],
  ['2024-03-01', 100]
])

function planned(events: readonly LoanEvent[], nowMs: number, defaults = UTC) {
  const loan = loanAsOf(foldLoan(events, defaults), nowMs)
  if (loan === undefined) throw new Error('no disbursal by then')
  return planOf(LOAN_JOBS, REF, loan).map(({ payload: { job, kind, dueDate }, atMs }) => ({ job, kind, dueDate, atMs }))
}

const ofJob = (name: LoanJobName, plan: ReturnType<typeof planned>) =>
  plan
    .filter(({ job }) => job === name)
    .map(({ kind, dueDate, atMs }) => `${kind} ${dueDate} ${new Date(atMs).toISOString().slice(0, 16)}`)

describe('what is to do about a loan', () => {
  test('is reminders before, on and after each unpaid due date at ten, and none of days that are over', () => {
    expect(ofJob('repay-remind', planned([RUN], at('2024-01-31', '09:00:00')))).toEqual([
      'Tp0 2024-01-31 2024-01-31T10:00',
      'Tp1 2024-01-31 2024-02-01T10:00',
      'Tp3 2024-01-31 2024-02-03T10:00',
      'Tp7 2024-01-31 2024-02-07T10:00',
      'Tm7 2024-03-01 2024-02-23T10:00',
      'Tm3 2024-03-01 2024-02-27T10:00',
      'Tm1 2024-03-01 2024-02-29T10:00',
      'Tp0 2024-03-01 2024-03-01T10:00',
      'Tp1 2024-03-01 2024-03-02T10:00',
      'Tp3 2024-03-01 2024-03-04T10:00',
      'Tp7 2024-03-01 2024-03-08T10:00'
    ])
  })

  test('is a look at each due date on the day after it and the grace', () => {
    expect(ofJob('due-check', planned([RUN], at('2024-01-31')))).toEqual([
      'missed 2024-01-31 2024-02-01T00:10',
      'missed 2024-03-01 2024-03-02T00:10'
    ])
    expect(ofJob('due-check', planned([RUN], at('2024-01-31'), { utcOffsetMinutes: 480, graceDays: 3 }))).toEqual([
      'missed 2024-01-31 2024-02-03T16:10',
      'missed 2024-03-01 2024-03-04T16:10'
    ])
  })

  test('is each bucket on the day on which the oldest unpaid due date brings the loan into it', () => {
    const plan = planned([RUN], at('2024-02-01'))
    expect(ofJob('dpd-mark', plan).map((each) => each.split(' ')[0])).toEqual([
      'M1',
      'M2',
      'M3',
      'M4',
      'M5',
      'M6',
      'M6+'
    ])
    for (const { kind, atMs } of plan.filter(({ job }) => job === 'dpd-mark')) {
      const [before, after] = [atMs - DAY_MS, atMs].map((nowMs) => loanAsOf(foldLoan([RUN], UTC), nowMs)?.bucket)
      expect(after).toBe(kind)
      expect(before).not.toBe(kind)
    }
  })

  test('is none of it once an instalment is paid, and nothing at all once the loan is closed', () => {
    const later = planned([RUN, paid('2024-01-30', 100)], at('2024-01-31'))
    expect(later.filter(({ dueDate }) => dueDate === '2024-01-31')).toEqual([])
    expect(planned([RUN, paid('2024-01-30', 100), paid('2024-01-31', 100)], at('2024-02-01')).length).toBeGreaterThan(
      -1
    )
    const closed = loanEvent('loan.closed', at('2024-02-02'), {
      disbursedAtMs: at('2024-01-01'),
      dueAtMs: at('2024-03-01')
    })
    expect(planned([RUN, closed], at('2024-02-03'))).toEqual([])
  })

  test('is a look at a promise on the day after it', () => {
    const promise = loanEvent('collection.contacted', at('2024-02-02'), {
      channel: 'call',
      result: 'promised',
      promisedMinor: 100,
      promisedForMs: at('2024-02-05')
    })
    expect(ofJob('promise-check', planned([RUN, promise], at('2024-02-03')))).toEqual([
      `${promise.eventId} 2024-02-05 2024-02-06T00:10`
    ])
  })

  test.each([
    ['good once it is closed', ['closed'], 'good'],
    ['bad once it is given up, also when all of it comes in later', ['written', 'recovered'], 'bad'],
    ['bad once it is more than ninety days past due, also when it is closed later', ['late', 'closed'], 'bad'],
    ['open while it runs', [], undefined]
  ] as const)('is %s', (_what, steps, outcome) => {
    const loan = { ...RUN, data: { ...RUN.data, decisionId: DECISION } } as LoanEvent
    const atMs = at(steps[0] === 'late' ? '2024-06-01' : '2024-02-02')
    const events = steps.flatMap((step): LoanEvent[] => {
      if (step === 'closed')
        return [loanEvent('loan.closed', atMs, { disbursedAtMs: at('2024-01-01'), dueAtMs: at('2024-03-01') })]
      if (step === 'written') return [loanEvent('loan.written_off', atMs, {})]
      return step === 'recovered' ? [loanEvent('loan.recovered', atMs + DAY_MS, { amountMinor: 200 })] : []
    })
    const joined = planned([loan, ...events], atMs + 2 * DAY_MS).filter(({ job }) => job === 'outcome-join')
    expect(joined.map(({ kind }) => kind)).toEqual(outcome === undefined ? [] : [outcome])
  })

  test('is made of ids that BullMQ takes and payloads that pass their schema', () => {
    const check = compileCheck(LoanCheckSchema)
    const loan = loanAsOf(foldLoan([RUN], UTC), at('2024-01-02'))!
    const plan = planOf(LOAN_JOBS, REF, loan)
    expect(plan.filter(({ payload }) => !check(payload).ok)).toEqual([])
    const ids = plan.map(({ payload }) => loanCheckJobId(payload))
    expect(ids.filter((id) => id.includes(':'))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('contacts', () => {
  test('are made at any instant only from 8 to 22 where the person is, at once when they may be', () => {
    const instant = fc.integer({ min: at('2024-01-01'), max: at('2024-12-31') })
    const zone = fc.integer({ min: -720, max: 840 })
    fc.assert(
      fc.property(instant, zone, (nowMs, offset) => {
        const madeAtMs = contactableFromMs(nowMs, offset)
        expect(brokenContactInvariants(madeAtMs, offset, MAX_CONTACTS_A_DAY)).toEqual([])
        expect(madeAtMs).toBeGreaterThanOrEqual(nowMs)
        expect(madeAtMs - nowMs).toBeLessThanOrEqual(10 * 60 * MIN_MS + MIN_MS)
        if (madeAtMs === nowMs) return
        expect(
          brokenContactInvariants(nowMs + MIN_MS, offset, 1).length + brokenContactInvariants(nowMs, offset, 1).length
        ).toBeGreaterThan(0)
      })
    )
    expect(nextContactDayMs(at('2024-02-28', '23:00:00'), 0)).toBe(at('2024-02-29', '08:00:00'))
  })

  test.each([
    [at('2024-01-01', '07:59:59'), 1, ['contact_out_of_hours']],
    [at('2024-01-01', '08:00:00'), 3, []],
    [at('2024-01-01', '21:59:59'), 4, ['contact_over_budget']],
    [at('2024-01-01', '22:00:00'), 4, ['contact_out_of_hours', 'contact_over_budget']],
    [Number.NaN, Number.NaN, ['contact_out_of_hours', 'contact_over_budget']]
  ])('made at %d as the %dth of the day break %j', (atMs, contacts, broken) => {
    expect(brokenContactInvariants(atMs, 0, contacts)).toEqual(broken)
  })
})
