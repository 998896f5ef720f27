import { localDay } from '../domain/calendar.ts'
import { type LoanHistory, loanAsOf } from '../loans/fold-loan.ts'
import type { Loan } from '../loans/loan-schema.ts'
import { addMonths, monthAt } from '../loans/month-end.ts'
import { rollRates } from '../loans/roll-rates.ts'
import { paymentDefaults, vintages } from '../loans/vintages.ts'
import type { LoanFigures } from './aggregates.ts'

const WEEK_DAYS = 7
const FPD_DAYS = 30
const NEWEST_WEEKS = 4
const EARLIER_WEEKS = 6
const MOB = 3
const EARLIER_VINTAGES = 6
const PPM = 1_000_000

/** A loan of the book with whose it is. */
export interface BookLoan {
  readonly borrower: string
  readonly history: LoanHistory
}

/**
 * What the guard wants to know of the loan book, by product. Weeks count from the first due date: the newest four are those that
 * had their thirty days. Loans without a product are left out: nothing could be paused for them. Pure.
 */
export function loanFigures(book: readonly BookLoan[], nowMs: number, utcOffsetMinutes: number): LoanFigures[] {
  const byProduct = Map.groupBy(
    book.flatMap(({ borrower, history }) => {
      const loan = loanAsOf(history, nowMs)
      return loan?.product ? [{ borrower, history, loan, product: loan.product }] : []
    }),
    ({ product }) => product
  )
  return [...byProduct].map(([product, loans]) => {
    const histories = loans.map(({ history }) => history)
    const running = loans.filter(({ loan }) => loan.state === 'active' || loan.state === 'restructured')
    const balances = new Map<string, number>()
    for (const { borrower, loan } of running) balances.set(borrower, (balances.get(borrower) ?? 0) + loan.balanceMinor)
    const lastMonth = addMonths(monthAt(nowMs, utcOffsetMinutes), -1)
    return {
      product,
      loans: loans.length,
      ...firstPayments(
        loans.map(({ loan }) => loan),
        nowMs,
        utcOffsetMinutes
      ),
      ...monthsOnBook(histories, lastMonth, utcOffsetMinutes),
      rollM1M2: ratioOf(rollRates(histories, lastMonth, utcOffsetMinutes).rollPpm.M2),
      rollM1M2Before: ratioOf(rollRates(histories, addMonths(lastMonth, -1), utcOffsetMinutes).rollPpm.M2),
      balanceMinor: running.reduce((sum, { loan }) => sum + loan.balanceMinor, 0),
      over90Minor: running.reduce((sum, { loan }) => sum + (loan.daysPastDue > 90 ? loan.balanceMinor : 0), 0),
      largestBorrowerMinor: Math.max(0, ...balances.values())
    }
  })
}

function firstPayments(loans: readonly Loan[], nowMs: number, utcOffsetMinutes: number) {
  const today = localDay(nowMs, utcOffsetMinutes)
  const weekOf = ({ schedule }: Loan): number => {
    const dueMs = Date.parse(`${schedule[0]?.dueDate}T00:00:00Z`)
    return Math.floor((today - dueMs / 86_400_000 - FPD_DAYS - 1) / WEEK_DAYS)
  }
  const within = (from: number, weeks: number) =>
    paymentDefaults(
      loans.filter((loan) => weekOf(loan) >= from && weekOf(loan) < from + weeks),
      1,
      FPD_DAYS
    )
  const [newest, earlier] = [within(0, NEWEST_WEEKS), within(NEWEST_WEEKS, EARLIER_WEEKS)]
  return {
    fpd30: ratioOf(newest.defaultedPpm),
    fpd30Loans: newest.matured,
    fpd30Before: ratioOf(earlier.defaultedPpm)
  }
}

/** Over all channels and bands of a month. */
function monthsOnBook(histories: readonly LoanHistory[], lastMonth: string, utcOffsetMinutes: number) {
  const byMonth = Map.groupBy(vintages(histories, lastMonth, utcOffsetMinutes), ({ month }) => month)
  const at = (month: string): number | null => {
    const of = byMonth.get(month) ?? []
    const originatedMinor = of.reduce((sum, each) => sum + each.originatedMinor, 0)
    const overMinor = of.reduce((sum, { points }) => sum + (points[MOB]?.over30Minor ?? 0), 0)
    return originatedMinor === 0 ? null : overMinor / originatedMinor
  }
  const newest = addMonths(lastMonth, -MOB)
  const before = Array.from({ length: EARLIER_VINTAGES }, (_, back) => at(addMonths(newest, -1 - back)))
  const known = before.filter((value) => value !== null)
  return {
    over30Mob3: at(newest),
    over30Mob3Before: known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  }
}

function ratioOf(ppm: number | null): number | null {
  return ppm === null ? null : ppm / PPM
}
