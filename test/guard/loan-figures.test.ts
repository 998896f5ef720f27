import { describe, expect, test } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { createLoanFigures } from '../../src/guard/loan-figures.ts'
import { createAddUpLoans, readLoanFigures } from '../../src/guard/redis-loan-figures.ts'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { readLoanBook } from '../../src/loans/redis-loan-book.ts'
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
    expect(figures).toMatchObject({ fpd30: { ratio: 0.5, loans: 4 }, fpd30Before: { ratio: 0.25, loans: 4 } })
  })

  test('balances: what is above 90 days past due, and the borrower who owes most in all loans', () => {
    const figures = figuresOf([loan('a', 91), loan('b', 90, undefined, 'a'), loan('c', 20), loan('d', 20, 1)])
    expect(figures).toMatchObject({ balanceMinor: 3000, over90Minor: 1000, largestBorrowerMinor: 2000 })
  })

  test('months on book and roll rates, by hand: a loan counts in its month of payout, a rise may be more than the whole', () => {
    const days = (date: string) => Math.round((NOW_MS - Date.parse(`${date}T12:00:00Z`)) / DAY_MS)
    const due = (name: string, date: string, paidOn?: string) =>
      loan(name, days(date), paidOn === undefined ? undefined : days(paidOn))
    const figures = figuresOf([
      // Paid out in February, three months on book by May: one is paid the day it is due, one never, one in May, one in April.
      due('feb-paid', '2026-03-12', '2026-03-12'),
      due('feb-never', '2026-03-12'),
      due('feb-may', '2026-03-12', '2026-05-10'),
      due('feb-april', '2026-03-12', '2026-04-10'),
      // January: one of four. November: none of two. Of the mean it is one of eight.
      due('jan-never', '2026-02-09'),
      ...['a', 'b', 'c'].map((name) => due(`jan-${name}`, '2026-02-09', '2026-02-09')),
      ...['a', 'b'].map((name) => due(`nov-${name}`, '2025-12-10', '2025-12-10')),
      // Paid out in March: of May’s roll, for M1 at the end of April.
      due('mar-never', '2026-04-20'),
      due('mar-may', '2026-04-20', '2026-05-05')
    ])
    expect(figures).toMatchObject({
      over30Mob3: { ratio: 0.5, loans: 4 },
      over30Mob3Before: { ratio: 0.125, loans: 6 },
      rollM1M2: { ratio: 0.5, loans: 2 },
      // At the end of March three of February were in M1, and a month later two of them in M2.
      rollM1M2Before: { ratio: 2 / 3, loans: 3 },
      owingLoans: 3,
      balanceMinor: 3000,
      over90Minor: 2000
    })
  })

  test('a book without loans of a product says nothing', () => {
    expect(createLoanFigures(NOW_MS, 0).figures()).toEqual([])
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
    const addUp = createAddUpLoans({
      redis,
      keys,
      readBook: () => readLoanBook({ redis, keys, loans }),
      utcOffsetMinutes: async () => 0,
      nowMs: () => NOW_MS
    })
    await addUp()
    const [figures] = await readLoanFigures(redis, keys, NOW_MS + DAY_MS)
    expect(figures).toMatchObject({
      product: 'cash',
      owingLoans: 2,
      balanceMinor: 2000,
      over90Minor: 1000,
      largestBorrowerMinor: 1000
    })
    await expect(readLoanFigures(redis, keys, NOW_MS + 2 * DAY_MS)).rejects.toThrow('too old')
  })
})

function figuresOf(loans: ReturnType<typeof loan>[]) {
  const sums = createLoanFigures(NOW_MS, 0)
  for (const { borrower, events } of loans) sums.add(borrower, foldLoan(events, { utcOffsetMinutes: 0, graceDays: 0 }))
  return sums.figures()[0]
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
