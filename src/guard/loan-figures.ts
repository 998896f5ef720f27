import { localDay } from '../domain/calendar.ts'
import { type LoanHistory, loanAsOf } from '../loans/fold-loan.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import { addMonths, monthAt } from '../loans/month-end.ts'
import { rollRates } from '../loans/roll-rates.ts'
import { paymentDefaults, vintages } from '../loans/vintages.ts'
import type { LoanFigures, LoanRatio } from './aggregates.ts'

const DAY_MS = 86_400_000
const WEEK_DAYS = 7
const FPD_DAYS = 30
const NEWEST_WEEKS = 4
const EARLIER_WEEKS = 6
const MOB = 3
const EARLIER_VINTAGES = 6

/** Part of a whole, in loans or minor units, and how many loans the whole is of. */
interface Share {
  part: number
  whole: number
  loans: number
}

interface ProductSums {
  readonly fpd30: Share
  readonly fpd30Before: Share
  /** By month of payout. */
  readonly over30: Map<string, Share>
  readonly roll: Share
  readonly rollBefore: Share
  owingLoans: number
  balanceMinor: number
  over90Minor: number
  largestBorrowerMinor: number
  /** Of the borrower whose loans are being added. */
  borrower: string
  borrowerMinor: number
}

/**
 * What the guard wants to know of the loan book, by product, added up loan by loan. Weeks count from the first due date: the newest
 * four are those that had their thirty days. Loans without a product are left out: nothing could be paused for them. Pure.
 */
export function createLoanFigures(nowMs: number, utcOffsetMinutes: number) {
  const today = localDay(nowMs, utcOffsetMinutes)
  const lastMonth = addMonths(monthAt(nowMs, utcOffsetMinutes), -1)
  const newestVintage = addMonths(lastMonth, -MOB)
  const earlierVintages = Array.from({ length: EARLIER_VINTAGES }, (_, back) => addMonths(newestVintage, -1 - back))
  const byProduct = new Map<string, ProductSums>()

  const addFirstPayment = (sums: ProductSums, loan: Loan): void => {
    const dueDay = Date.parse(`${loan.schedule[0]?.dueDate}T00:00:00Z`) / DAY_MS
    const week = Math.floor((today - dueDay - FPD_DAYS - 1) / WEEK_DAYS)
    if (!(week >= 0 && week < NEWEST_WEEKS + EARLIER_WEEKS)) return
    const { matured, defaulted } = paymentDefaults([loan], 1, FPD_DAYS)
    addShare(week < NEWEST_WEEKS ? sums.fpd30 : sums.fpd30Before, defaulted, matured, matured)
  }
  const addVintage = ({ over30 }: ProductSums, history: LoanHistory, month: string): void => {
    if (month !== newestVintage && !earlierVintages.includes(month)) return
    const share = over30.get(month) ?? noShare()
    over30.set(month, share)
    for (const { originatedMinor, points } of vintages([history], addMonths(month, MOB), utcOffsetMinutes))
      addShare(share, points[MOB]?.over30Minor ?? 0, originatedMinor, 1)
  }
  const addRoll = (share: Share, history: LoanHistory, month: string): void => {
    const { nowMinor, beforeMinor, loans } = rollRates([history], month, utcOffsetMinutes)
    addShare(share, nowMinor.M2, beforeMinor.M1, loans.M1)
  }

  return {
    /** All loans of a borrower one after another: only the balance of one borrower is kept. */
    add: (borrower: string, history: LoanHistory): void => {
      const loan = loanAsOf(history, nowMs)
      if (!loan?.product) return
      const sums = byProduct.get(loan.product) ?? noSums()
      byProduct.set(loan.product, sums)
      if (isRunning(loan)) addBalance(sums, borrower, loan)
      addFirstPayment(sums, loan)
      addVintage(sums, history, monthAt(loan.disbursedAtMs, utcOffsetMinutes))
      addRoll(sums.roll, history, lastMonth)
      addRoll(sums.rollBefore, history, addMonths(lastMonth, -1))
    },
    figures: (): LoanFigures[] =>
      [...byProduct].map(([product, sums]) => ({
        product,
        fpd30: ratioOf(sums.fpd30),
        fpd30Before: ratioOf(sums.fpd30Before),
        over30Mob3: ratioOf(sums.over30.get(newestVintage) ?? noShare()),
        over30Mob3Before: meanOf(earlierVintages.flatMap((month) => sums.over30.get(month) ?? [])),
        rollM1M2: ratioOf(sums.roll),
        rollM1M2Before: ratioOf(sums.rollBefore),
        owingLoans: sums.owingLoans,
        balanceMinor: sums.balanceMinor,
        over90Minor: sums.over90Minor,
        largestBorrowerMinor: sums.largestBorrowerMinor
      }))
  }
}

function addBalance(sums: ProductSums, borrower: string, { balanceMinor, daysPastDue }: Loan): void {
  if (balanceMinor > 0) sums.owingLoans++
  sums.balanceMinor += balanceMinor
  if (daysPastDue > 90) sums.over90Minor += balanceMinor
  sums.borrowerMinor = balanceMinor + (sums.borrower === borrower ? sums.borrowerMinor : 0)
  sums.borrower = borrower
  sums.largestBorrowerMinor = Math.max(sums.largestBorrowerMinor, sums.borrowerMinor)
}

function addShare(share: Share, part: number, whole: number, loans: number): void {
  share.part += part
  share.whole += whole
  share.loans += loans
}

function noShare(): Share {
  return { part: 0, whole: 0, loans: 0 }
}

function noSums(): ProductSums {
  return {
    fpd30: noShare(),
    fpd30Before: noShare(),
    over30: new Map(),
    roll: noShare(),
    rollBefore: noShare(),
    owingLoans: 0,
    balanceMinor: 0,
    over90Minor: 0,
    largestBorrowerMinor: 0,
    borrower: '',
    borrowerMinor: 0
  }
}

function ratioOf({ part, whole, loans }: Share): LoanRatio {
  return { ratio: whole === 0 ? null : part / whole, loans }
}

/** Of the ratios, however many loans each is of. */
function meanOf(shares: readonly Share[]): LoanRatio {
  const known = shares.filter(({ whole }) => whole > 0)
  const sum = known.reduce((total, { part, whole }) => total + part / whole, 0)
  return {
    ratio: known.length === 0 ? null : sum / known.length,
    loans: known.reduce((total, { loans }) => total + loans, 0)
  }
}
