import { dayOfDate, localDay } from '../domain/calendar.ts'
import { type LoanHistory, loanAsOf } from './fold-loan.ts'
import type { Loan } from './loan-schema.ts'
import { addMonths, monthAt, monthEndMs, sharePpm } from './month-end.ts'

/** Loans that were paid out in one month and are alike. */
export interface VintageKey {
  readonly month: string
  readonly product: string | null
  readonly channel: string | null
  readonly band: string | null
}

/** A vintage at the end of the month that many months after its own. Cumulative: a loan that recovers stays in it. */
export interface VintagePoint {
  readonly monthsOnBook: number
  /** What was owed by loans when they were first seen more than 30, or 90, days past due at a month’s end, or given up. */
  readonly over30Minor: number
  readonly over90Minor: number
  /** Of what was paid out; null of nothing. */
  readonly over30Ppm: number | null
  readonly over90Ppm: number | null
}

export interface Vintage extends VintageKey {
  readonly loans: number
  readonly originatedMinor: number
  readonly points: readonly VintagePoint[]
}

/** Vintages up to the end of a month. Compare them at equal months on book only. Source: domain reference, section 4 (vintage). */
export function vintages(histories: Iterable<LoanHistory>, upToMonth: string, utcOffsetMinutes: number): Vintage[] {
  const endMs = monthEndMs(upToMonth, utcOffsetMinutes)
  const groups = new Map<string, { key: VintageKey; histories: LoanHistory[]; originatedMinor: number }>()
  for (const history of histories) {
    const loan = loanAsOf(history, endMs)
    if (loan === undefined) continue
    const key = {
      month: monthAt(loan.disbursedAtMs, utcOffsetMinutes),
      product: loan.product,
      channel: loan.channel,
      band: loan.band
    }
    const id = JSON.stringify(Object.values(key))
    const group = groups.get(id) ?? { key, histories: [], originatedMinor: 0 }
    groups.set(id, group)
    group.histories.push(history)
    group.originatedMinor += loan.principalMinor ?? 0
  }
  return [...groups.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { key, histories: of, originatedMinor }]) => ({
      ...key,
      loans: of.length,
      originatedMinor,
      points: curve(of, key.month, upToMonth, utcOffsetMinutes, originatedMinor)
    }))
}

function curve(
  histories: readonly LoanHistory[],
  from: string,
  upTo: string,
  utcOffsetMinutes: number,
  originatedMinor: number
) {
  const points: VintagePoint[] = []
  const [seen30, seen90] = [new Set<LoanHistory>(), new Set<LoanHistory>()]
  let over30Minor = 0
  let over90Minor = 0
  for (let month = from, monthsOnBook = 0; month <= upTo; month = addMonths(month, 1), monthsOnBook++) {
    for (const history of histories) {
      const loan = loanAsOf(history, monthEndMs(month, utcOffsetMinutes))
      if (loan === undefined) continue
      if (isOver(loan, 30) && !seen30.has(history)) {
        seen30.add(history)
        over30Minor += lostOrOwedMinor(loan)
      }
      if (isOver(loan, 90) && !seen90.has(history)) {
        seen90.add(history)
        over90Minor += lostOrOwedMinor(loan)
      }
    }
    const shares = {
      over30Ppm: sharePpm(over30Minor, originatedMinor),
      over90Ppm: sharePpm(over90Minor, originatedMinor)
    }
    points.push({ monthsOnBook, over30Minor, over90Minor, ...shares })
  }
  return points
}

function isOver(loan: Loan, days: number): boolean {
  return loan.writtenOffAtMs !== null || loan.daysPastDue > days
}

function lostOrOwedMinor({ balanceMinor, writtenOffMinor }: Loan): number {
  return balanceMinor + writtenOffMinor
}

export interface PaymentDefaults {
  /** Loans whose instalment had time enough to be so late. */
  readonly matured: number
  readonly defaulted: number
  readonly defaultedPpm: number | null
}

/**
 * How many loans did not pay their first (second, third) instalment within so many days: FPD, SPD, TPD. A loan on another plan
 * counts by the worst it ever was.
 *
 * @param no 1 for the first instalment
 */
export function paymentDefaults(loans: Iterable<Loan>, no: number, days: number): PaymentDefaults {
  let matured = 0
  let defaulted = 0
  for (const loan of loans) {
    const instalment = loan.schedule[no - 1]
    if (instalment === undefined) continue
    const isReplanned = loan.restructurings > 0
    const today = localDay(loan.asOfMs, loan.utcOffsetMinutes)
    if (!isReplanned && today - dayOfDate(instalment.dueDate) <= days) continue
    matured++
    if ((isReplanned ? loan.worstDaysPastDue : instalment.daysLate) > days) defaulted++
  }
  return { matured, defaulted, defaultedPpm: sharePpm(defaulted, matured) }
}
