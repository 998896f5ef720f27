import { BUCKETS, type Bucket } from '../loans/buckets.ts'
import { type LoanHistory, loanAsOf } from '../loans/fold-loan.ts'
import { isRunning } from '../loans/loan-schema.ts'
import { monthEndMs } from '../loans/month-end.ts'
import { ROLL_PLACES, type RollPlace, rollRates } from '../loans/roll-rates.ts'
import type { Stage } from '../loans/stage.ts'
import { vintages } from '../loans/vintages.ts'
import { lossMinorOf } from './loss-assumptions.ts'

const UNKNOWN = 'unknown'

export interface StageRow {
  readonly currency: string
  readonly stage: Stage
  loans: number
  balanceMinor: number
  expectedLossMinor: number
}

/** Running loans by currency and stage of IFRS 9 as they stood at an instant, with their expected loss. */
export async function stageTable(book: AsyncIterable<LoanHistory>, asOfMs: number): Promise<StageRow[]> {
  const rows = new Map<string, StageRow>()
  for await (const history of book) {
    const loan = loanAsOf(history, asOfMs)
    if (loan === undefined || !isRunning(loan)) continue
    const { stage, balanceMinor } = loan
    const currency = loan.currency ?? UNKNOWN
    const row = rows.get(`${currency} ${stage}`) ?? { currency, stage, loans: 0, balanceMinor: 0, expectedLossMinor: 0 }
    rows.set(`${currency} ${stage}`, row)
    row.loans++
    row.balanceMinor += balanceMinor
    row.expectedLossMinor += lossMinorOf(loan)
  }
  return inOrder(rows)
}

export interface RollRow {
  readonly currency: string
  readonly from: Bucket
  readonly to: RollPlace
  /** Balance at the end of the month before. */
  balanceMinor: number
}

export interface VintageRow {
  readonly currency: string
  readonly month: string
  readonly product: string | null
  readonly channel: string | null
  readonly band: string | null
  loans: number
  originatedMinor: number
  /** By months on book: what was owed when it was first that late. */
  readonly over30Minor: number[]
  readonly over90Minor: number[]
}

export interface MonthTables {
  readonly rolls: readonly RollRow[]
  readonly vintages: readonly VintageRow[]
}

/**
 * Roll rates and vintages of a full month by currency. Loan by loan: amounts add up, so the book is never in memory as a whole.
 *
 * @param month 2024-02
 */
export async function monthTables(
  book: AsyncIterable<LoanHistory>,
  month: string,
  utcOffsetMinutes: number
): Promise<MonthTables> {
  const rolls = new Map<string, RollRow>()
  const sums = new Map<string, VintageRow>()
  for await (const history of book) {
    const loan = loanAsOf(history, monthEndMs(month, utcOffsetMinutes))
    if (loan === undefined) continue
    const currency = loan.currency ?? UNKNOWN
    addRolls(rolls, currency, rollRates([history], month, utcOffsetMinutes).matrix)
    for (const { points, loans, originatedMinor, ...key } of vintages([history], month, utcOffsetMinutes)) {
      const id = JSON.stringify([key.month, currency, key.product, key.channel, key.band])
      const row = sums.get(id) ?? { currency, ...key, loans: 0, originatedMinor: 0, over30Minor: [], over90Minor: [] }
      sums.set(id, row)
      row.loans += loans
      row.originatedMinor += originatedMinor
      for (const { monthsOnBook, over30Minor, over90Minor } of points) {
        row.over30Minor[monthsOnBook] = (row.over30Minor[monthsOnBook] ?? 0) + over30Minor
        row.over90Minor[monthsOnBook] = (row.over90Minor[monthsOnBook] ?? 0) + over90Minor
      }
    }
  }
  return { rolls: inOrder(rolls), vintages: inOrder(sums) }
}

function addRolls(rolls: Map<string, RollRow>, currency: string, matrix: ReturnType<typeof rollRates>['matrix']) {
  for (const from of BUCKETS)
    for (const to of ROLL_PLACES) {
      if (matrix[from][to] === 0) continue
      const id = `${currency} ${from} ${to}`
      const row = rolls.get(id) ?? { currency, from, to, balanceMinor: 0 }
      rolls.set(id, row)
      row.balanceMinor += matrix[from][to]
    }
}

function inOrder<Row>(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row)
}
