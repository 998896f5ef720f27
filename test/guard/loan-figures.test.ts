import { describe, expect, test } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { loanFigures } from '../../src/guard/loan-figures.ts'
import { createLoanFigures, readLoanFigures } from '../../src/guard/redis-loan-figures.ts'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { buildTestApp } from '../support/app.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 5, 30, 12)

describe('what the loan book comes to', () => {
  test('first payments are those of the newest four weeks that had their thirty days, beside the six weeks before', () => {
    const figures = figuresOf([
      // Due 31 to 58 days ago: two of four did not pay within 30 days.
      ...[31, 40].map((daysAgo) => loan(`late-${daysAgo}`, daysAgo)),
      ...[35, 58].map((daysAgo) => loan(`paid-${daysAgo}`, daysAgo, daysAgo - 1)),
      // Due 59 to 100 days ago: one of four.
      loan('late-60', 60),
      ...[59, 70, 100].map((daysAgo) => loan(`paid-${daysAgo}`, daysAgo, daysAgo)),
      // Too young, and too old.
      loan('young', 30),
      loan('old', 101)
    ])
    expect(figures).toMatchObject({ loans: 10, fpd30: 0.5, fpd30Loans: 4, fpd30Before: 0.25 })
  })

  test('balances: what is above 90 days past due, and the borrower who owes most in all loans', () => {
    const figures = figuresOf([loan('a', 91), loan('b', 90, undefined, 'a'), loan('c', 20), loan('d', 20, 1)])
    expect(figures).toMatchObject({ balanceMinor: 3000, over90Minor: 1000, largestBorrowerMinor: 2000 })
  })

  test('a book without loans of a product says nothing', () => {
    expect(loanFigures([], NOW_MS, 0)).toEqual([])
  })

  test('is read loan by loan from the store, and refused when it is too old', async () => {
    const { app, alpha, redis, keys } = await buildTestApp({ clock: { nowMs: () => NOW_MS } })
    const events = [loan('a', 91), loan('b', 20)].flatMap(({ events, borrower }) =>
      events.map((event) => ({ ...event, applicantId: borrower }))
    )
    const posted = await app.inject({ method: 'POST', url: '/v1/events', headers: alpha, payload: { events } })
    expect(posted.statusCode).toBe(202)
    const loans = createRedisLoanStore({
      redis,
      keys,
      defaults: { utcOffsetMinutes: 0, graceDays: 0 },
      keepMs: 600_000
    })
    const addUp = createLoanFigures({ redis, keys, loans, utcOffsetMinutes: async () => 0, nowMs: () => NOW_MS })
    await addUp()
    const [figures] = await readLoanFigures(redis, keys, NOW_MS + DAY_MS)
    expect(figures).toMatchObject({
      product: 'cash',
      loans: 2,
      balanceMinor: 2000,
      over90Minor: 1000,
      largestBorrowerMinor: 1000
    })
    await expect(readLoanFigures(redis, keys, NOW_MS + 2 * DAY_MS)).rejects.toThrow('too old')
  })
})

function figuresOf(loans: ReturnType<typeof loan>[]) {
  const book = loans.map(({ borrower, events }) => ({
    borrower,
    history: foldLoan(events, { utcOffsetMinutes: 0, graceDays: 0 })
  }))
  return loanFigures(book, NOW_MS, 0)[0]
}

/** One instalment of 10.00 that was due so many days ago, and paid so many days ago where it was. */
function loan(loanId: string, dueDaysAgo: number, paidDaysAgo?: number, borrower = loanId) {
  const dueAtMs = NOW_MS - dueDaysAgo * DAY_MS
  const disbursed: LoanEvent = {
    eventId: `${loanId}.paid-out`,
    type: 'loan.disbursed',
    occurredAtMs: dueAtMs - 30 * DAY_MS,
    data: { loanId, principalMinor: 1000, termDays: 30, dueAtMs, product: 'cash' }
  }
  if (paidDaysAgo === undefined) return { borrower, events: [disbursed] }
  const paid: LoanEvent = {
    eventId: `${loanId}.repaid`,
    type: 'repayment.received',
    occurredAtMs: NOW_MS - paidDaysAgo * DAY_MS,
    data: { loanId, instalmentNo: 1, dueAtMs, amountMinor: 1000 }
  }
  return { borrower, events: [disbursed, paid] }
}
