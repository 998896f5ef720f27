import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LOAN_EVENTS } from '../../src/domain/events/loan-events.ts'
import { LOAN_BOOK_TYPES, type LoanEvent } from '../../src/domain/loan-event.ts'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import { arbitraryData } from '../features/event-data.ts'
import { at, disbursed, loanEvent, loanOn, paid, schedule, UTC } from './loan-events.ts'

const THREE = [
  ['2024-01-31', 100, 10],
  ['2024-02-29', 100, 10],
  ['2024-03-31', 100, 10]
] as const

describe('days past due, bucket and balance', () => {
  const run = [disbursed('2024-01-01', THREE)]

  test.each([
    ['2024-01-31', 0, 'M0'],
    ['2024-02-01', 1, 'M1'],
    ['2024-02-29', 29, 'M1'],
    ['2024-03-01', 30, 'M1'],
    ['2024-03-02', 31, 'M2'],
    ['2024-03-31', 60, 'M2'],
    ['2024-04-01', 61, 'M3'],
    ['2024-07-29', 180, 'M6'],
    ['2024-07-30', 181, 'M6+']
  ])(
    'an instalment due at the end of January of a leap year and never paid: on %s it is %i days, %s',
    (date, days, bucket) => {
      expect(loanOn(date, run)).toMatchObject({ daysPastDue: days, bucket, balanceMinor: 300, owedMinor: 330 })
    }
  )

  test('a partial payment leaves the oldest instalment overdue and covers its interest first', () => {
    expect(loanOn('2024-02-10', [...run, paid('2024-02-05', 60)])).toMatchObject({
      daysPastDue: 10,
      balanceMinor: 250,
      owedMinor: 270,
      overdueMinor: 50,
      paidMinor: 60
    })
  })

  test('an early payment covers the next instalments, and nothing is overdue on their due dates', () => {
    const early = [...run, paid('2024-01-20', 220)]
    expect(loanOn('2024-03-31', early)).toMatchObject({ daysPastDue: 0, worstDaysPastDue: 0, balanceMinor: 100 })
    expect(loanOn('2024-04-01', early)).toMatchObject({ daysPastDue: 1 })
  })

  test('paid on the last minute of the due day is in time, a minute later is a day late', () => {
    expect(loanOn('2024-02-10', [...run, paid('2024-01-31', 110, '23:59:30')])).toMatchObject({ worstDaysPastDue: 0 })
    expect(loanOn('2024-02-10', [...run, paid('2024-02-01', 110, '00:00:30')])).toMatchObject({
      daysPastDue: 0,
      worstDaysPastDue: 1
    })
  })

  test('the same minute is in time or late by where the borrower is', () => {
    const [, payment] = [0, paid('2024-01-31', 110, '16:30:00')]
    const inShanghai = disbursed('2024-01-01', THREE, { utcOffsetMinutes: 480 })
    expect(loanOn('2024-02-10', [inShanghai, payment])).toMatchObject({ worstDaysPastDue: 1 })
    expect(loanOn('2024-02-10', [...run, payment])).toMatchObject({ worstDaysPastDue: 0 })
  })

  test('within the grace it is not overdue; after it the days count from the due date', () => {
    const graceful = [disbursed('2024-01-01', THREE, { graceDays: 3 })]
    expect(loanOn('2024-02-03', graceful).daysPastDue).toBe(0)
    expect(loanOn('2024-02-04', graceful).daysPastDue).toBe(4)
    expect(loanOn('2024-02-10', [...graceful, paid('2024-02-03', 110)]).worstDaysPastDue).toBe(0)
    expect(loanOn('2024-02-10', [...graceful, paid('2024-02-04', 110)]).worstDaysPastDue).toBe(4)
  })

  test('a payment that the bank takes back is owed again, from its due date on, and opens a closed loan', () => {
    const closed = [
      ...run,
      paid('2024-01-31', 330),
      loanEvent('loan.closed', at('2024-01-31', '13:00:00'), {
        disbursedAtMs: at('2024-01-01'),
        dueAtMs: at('2024-03-31')
      }),
      loanEvent('repayment.returned', at('2024-02-05'), { amountMinor: 330 })
    ]
    expect(loanOn('2024-02-04', closed)).toMatchObject({ state: 'closed', owedMinor: 0, daysPastDue: 0 })
    expect(loanOn('2024-02-05', closed)).toMatchObject({
      state: 'active',
      owedMinor: 330,
      daysPastDue: 5,
      paidMinor: 0
    })
  })

  test('without a schedule it is one instalment of the principal, which a payment told as partial never settles', () => {
    const bare = [loanEvent('loan.disbursed', at('2024-01-01'), { principalMinor: 500, termDays: 30 })]
    const pay = (date: string, amountMinor: number, kind: 'partial' | 'final' | 'scheduled') =>
      loanEvent('repayment.received', at(date), { instalmentNo: 1, dueAtMs: at('2024-01-31'), amountMinor, kind })
    expect(loanOn('2024-02-02', bare)).toMatchObject({ isPlanTold: false, daysPastDue: 2, balanceMinor: 500 })
    expect(loanOn('2024-02-02', [...bare, pay('2024-01-30', 500, 'scheduled')]).daysPastDue).toBe(0)
    expect(loanOn('2024-02-02', [...bare, pay('2024-01-30', 520, 'partial')])).toMatchObject({
      daysPastDue: 2,
      balanceMinor: 0
    })
    expect(
      loanOn('2024-02-02', [...bare, pay('2024-01-30', 1, 'partial'), pay('2024-01-31', 2, 'final')])
    ).toMatchObject({
      daysPastDue: 0,
      paidMinor: 3,
      owedMinor: 0
    })
  })
})

describe('restructured, closed, written off, recovered', () => {
  const run = [disbursed('2024-01-01', THREE)]
  const replanned = [
    ...run,
    loanEvent('loan.restructured', at('2024-05-15'), {
      schedule: schedule(['2024-06-30', 150, 5], ['2024-07-31', 150, 5])
    })
  ]

  test('a restructured loan runs on its new plan: nothing is overdue before it says so', () => {
    expect(loanOn('2024-05-14', replanned)).toMatchObject({ state: 'active', daysPastDue: 104, stage: 3 })
    expect(loanOn('2024-05-15', replanned)).toMatchObject({
      state: 'restructured',
      daysPastDue: 0,
      worstDaysPastDue: 105,
      owedMinor: 310,
      stage: 3
    })
    expect(loanOn('2024-07-01', replanned)).toMatchObject({ daysPastDue: 1, overdueMinor: 155 })
  })

  test('a loan that is given up owes nothing any more; what comes in is recovered', () => {
    const givenUp = [...run, paid('2024-02-01', 110), loanEvent('loan.written_off', at('2024-09-01'), {})]
    expect(loanOn('2024-09-01', givenUp)).toMatchObject({
      state: 'written_off',
      balanceMinor: 0,
      writtenOffMinor: 200,
      recoveredMinor: 0,
      stage: 3
    })
    const some = [...givenUp, loanEvent('loan.recovered', at('2024-10-01'), { amountMinor: 150 })]
    expect(loanOn('2024-10-01', some)).toMatchObject({ state: 'written_off', recoveredMinor: 150, paidMinor: 260 })
    const all = [...some, paid('2024-11-01', 50)]
    expect(loanOn('2024-11-01', all)).toMatchObject({ state: 'recovered', recoveredMinor: 200, daysPastDue: 0 })
  })
})

describe('the IFRS 9 stage', () => {
  const DUE = [
    '2024-01-31',
    '2024-02-29',
    '2024-03-31',
    '2024-04-30',
    '2024-05-31',
    '2024-06-30',
    '2024-07-31',
    '2024-08-31'
  ]
  const run = disbursed(
    '2024-01-01',
    DUE.map((date) => [date, 100] as const)
  )

  test('rises above 30 days past due and again above 90', () => {
    expect([30, 31, 90, 91].map((days) => loanOn(dateAfter('2024-01-31', days), [run]).stage)).toEqual([1, 2, 2, 3])
  })

  test('after it was 3 it stays until three instalments in a row were paid in time', () => {
    const events = [
      run,
      paid('2024-05-10', 400),
      paid('2024-05-31', 100),
      paid('2024-06-30', 100),
      paid('2024-07-31', 100)
    ]
    expect(loanOn('2024-05-09', events).stage).toBe(3)
    expect(loanOn('2024-05-10', events)).toMatchObject({ daysPastDue: 0, stage: 3 })
    expect(loanOn('2024-07-30', events).stage).toBe(3)
    expect(loanOn('2024-07-31', events).stage).toBe(1)
  })

  test('one late instalment starts the count again', () => {
    const events = [
      run,
      paid('2024-05-10', 400),
      paid('2024-05-31', 100),
      paid('2024-07-01', 100),
      paid('2024-07-31', 100)
    ]
    expect(loanOn('2024-08-30', events).stage).toBe(3)
  })

  test('a restructuring and a red warning make it at least 2', () => {
    const replanned = loanEvent('loan.restructured', at('2024-01-15'), { schedule: schedule(['2024-12-31', 800]) })
    expect(loanOn('2024-01-15', [run, replanned]).stage).toBe(2)
    const warn = (date: string, level: 'red' | 'none') =>
      loanEvent('loan.warned', at(date), { rule: 'debit-failed', level, expiresAtMs: at('2024-01-20') })
    expect(loanOn('2024-01-19', [run, warn('2024-01-10', 'red')])).toMatchObject({
      stage: 2,
      warnings: [{ level: 'red' }]
    })
    expect(loanOn('2024-01-20', [run, warn('2024-01-10', 'red')])).toMatchObject({ stage: 1, warnings: [] })
    expect(loanOn('2024-01-12', [run, warn('2024-01-10', 'red'), warn('2024-01-12', 'none')]).warnings).toEqual([])
  })
})

test('a promise is open until its day ends, kept by what came in since, else broken', () => {
  const promise = loanEvent('collection.contacted', at('2024-02-05'), {
    channel: 'call',
    result: 'promised',
    promisedMinor: 80,
    promisedForMs: at('2024-02-10')
  })
  const run = [disbursed('2024-01-01', THREE), paid('2024-02-04', 80), promise]
  const stateOn = (date: string, events: readonly LoanEvent[]) => loanOn(date, events).promises[0]?.state
  expect(stateOn('2024-02-10', run)).toBe('open')
  expect(stateOn('2024-02-11', run)).toBe('broken')
  expect(stateOn('2024-02-10', [...run, paid('2024-02-10', 79)])).toBe('open')
  expect(stateOn('2024-02-10', [...run, paid('2024-02-10', 80)])).toBe('kept')
  expect(stateOn('2024-02-11', [...run, paid('2024-02-11', 80)])).toBe('broken')
})

test('before it is paid out there is no loan, and events without a disbursal make none', () => {
  const history = foldLoan([disbursed('2024-01-01', THREE)], UTC)
  expect(loanAsOf(history, at('2023-12-31'))).toBeUndefined()
  expect(loanAsOf(foldLoan([paid('2024-01-01', 1)], UTC), at('2024-12-31'))).toBeUndefined()
})

describe('whatever the history', () => {
  const DAYS = 400
  const eventsOfALoan = fc
    .array(
      fc.tuple(
        fc
          .constantFrom(...LOAN_BOOK_TYPES)
          .chain((type) => arbitraryData(LOAN_EVENTS[type].data).map((data) => ({ type, data }))),
        fc.integer({ min: 0, max: DAYS }),
        fc.integer({ min: 0, max: 12 })
      ),
      { maxLength: 14 }
    )
    .map((drawn) => [
      disbursed('2024-01-01', THREE, { principalMinor: 300 }),
      ...drawn.map(([{ type, data }, day, id]) => {
        const occurredAtMs = at('2024-01-01') + day * 43_200_000
        const own = type === 'loan.disbursed' || type === 'loan.restructured' ? { schedule: schedule(...THREE) } : {}
        return {
          eventId: `e${id}`,
          type,
          occurredAtMs,
          data: { ...data(occurredAtMs), ...own, loanId: 'L1' }
        } as LoanEvent
      })
    ])

  test('order and repeats change nothing, now or at any instant', () => {
    fc.assert(
      fc.property(
        eventsOfALoan.chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray([...events, ...events], { minLength: 2 * events.length }),
            fc.integer({ min: 0, max: DAYS })
          )
        ),
        ([events, shuffled, day]) => {
          const nowMs = at('2024-01-01') + day * 43_200_000
          expect(loanAsOf(foldLoan(shuffled, UTC), nowMs)).toEqual(loanAsOf(foldLoan(events, UTC), nowMs))
        }
      ),
      { numRuns: 300 }
    )
  })

  test('what is later than an instant is not in the loan of that instant', () => {
    fc.assert(
      fc.property(eventsOfALoan, fc.integer({ min: 0, max: DAYS }), (events, day) => {
        const nowMs = at('2024-01-01') + day * 43_200_000
        const history = foldLoan(events, UTC)
        const past = foldLoan(
          history.events.filter(({ occurredAtMs }) => occurredAtMs <= nowMs),
          UTC
        )
        expect(loanAsOf(past, nowMs)).toEqual(loanAsOf(history, nowMs))
      }),
      { numRuns: 200 }
    )
  })

  test('a loan is what its schema says', async () => {
    const { compileCheck } = await import('../../src/domain/check.ts')
    const { LoanSchema } = await import('../../src/loans/loan-schema.ts')
    const check = compileCheck(LoanSchema)
    fc.assert(
      fc.property(eventsOfALoan, fc.integer({ min: 0, max: DAYS }), (events, day) => {
        const loan = loanAsOf(foldLoan(events, UTC), at('2024-01-01') + day * 43_200_000)
        expect(loan === undefined || check(loan)).toEqual(
          expect.objectContaining(loan === undefined ? {} : { ok: true })
        )
      }),
      { numRuns: 200 }
    )
  })
})

function dateAfter(date: string, days: number): string {
  return new Date(at(date) + days * 86_400_000).toISOString().slice(0, 10)
}
