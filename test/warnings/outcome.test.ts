import { describe, expect, test } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import { outcomeOf } from '../../src/warnings/outcome.ts'

const DAY_MS = 86_400_000
const PAID_OUT_MS = Date.UTC(2026, 0, 1)

describe('what became of warnings', () => {
  test('nothing is said of a loan that is open and not 30 days past due', () => {
    expect(outcomeAt(60, [warned(10, 'red')])).toBe(undefined)
  })

  test('a loan that went bad was warned before its first day past due, or missed', () => {
    expect(outcomeAt(61, [warned(10, 'yellow'), warned(31, 'red')])).toEqual({
      yellow: { result: 'hit', leadDays: 21 },
      orange: { result: 'miss', leadDays: undefined },
      red: { result: 'miss', leadDays: undefined }
    })
  })

  test('a more urgent warning is one of the less urgent levels as well', () => {
    expect(outcomeAt(61, [warned(21, 'red')])).toMatchObject({ yellow: { leadDays: 10 }, orange: { leadDays: 10 } })
  })

  test('a loan that was repaid was warned falsely or was quiet', () => {
    const closed: LoanEvent = {
      eventId: 'closed',
      type: 'loan.closed',
      occurredAtMs: PAID_OUT_MS + 29 * DAY_MS,
      data: { loanId: 'l', disbursedAtMs: PAID_OUT_MS, dueAtMs: PAID_OUT_MS + 30 * DAY_MS }
    }
    expect(outcomeAt(40, [warned(5, 'orange'), closed])).toMatchObject({
      yellow: { result: 'false_alarm' },
      orange: { result: 'false_alarm' },
      red: { result: 'quiet' }
    })
  })

  test('a loan that was given up went bad, and a withdrawn warning is none', () => {
    const givenUp: LoanEvent = {
      eventId: 'given-up',
      type: 'loan.written_off',
      occurredAtMs: PAID_OUT_MS + 20 * DAY_MS,
      data: { loanId: 'l' }
    }
    expect(outcomeAt(25, [warned(5, 'none'), givenUp])).toMatchObject({ yellow: { result: 'miss' } })
    expect(outcomeAt(25, [warned(5, 'yellow'), givenUp])).toMatchObject({ yellow: { result: 'hit', leadDays: 15 } })
  })
})

function outcomeAt(day: number, events: readonly LoanEvent[]) {
  const disbursed: LoanEvent = {
    eventId: 'paid-out',
    type: 'loan.disbursed',
    occurredAtMs: PAID_OUT_MS,
    data: { loanId: 'l', principalMinor: 1000, termDays: 30 }
  }
  const history = foldLoan([disbursed, ...events], { utcOffsetMinutes: 0, graceDays: 0 })
  const loan = loanAsOf(history, PAID_OUT_MS + day * DAY_MS)
  if (loan === undefined) throw new Error('the loan was paid out')
  return outcomeOf(loan, history.events)
}

function warned(day: number, level: 'none' | 'yellow' | 'orange' | 'red'): LoanEvent {
  return {
    eventId: `w${day}${level}`,
    type: 'loan.warned',
    occurredAtMs: PAID_OUT_MS + day * DAY_MS,
    data: { loanId: 'l', rule: 'r', level }
  }
}
