import { BUCKETS } from './buckets.ts'
import { type LoanHistory, loanAsOf } from './fold-loan.ts'
import { isRunning, type Loan, type PROMISE_STATES } from './loan-schema.ts'
import { addMonths, monthAt } from './month-end.ts'
import { ROLL_PLACES, rollRates } from './roll-rates.ts'
import { vintages } from './vintages.ts'

const UNKNOWN = 'unknown'
/** Newer vintages than this many months, and as many months on book, are told. */
const VINTAGE_MONTHS = 12

/** An amount of one product and currency, minor units, under one more name. */
export interface Amount {
  readonly product: string
  readonly currency: string
  readonly of: string
  readonly minor: number
}

/** An amount of one product and currency, minor units. */
export type Principal = Omit<Amount, 'of'>

/** How the loan book stands at an instant. */
export interface BookStanding {
  /** Running loans: principal not paid, by bucket and by stage of IFRS 9. */
  readonly byBucket: readonly Amount[]
  readonly byStage: readonly Amount[]
  /** Their expected loss, by stage. */
  readonly lossByStage: readonly Amount[]
  /** All loans: principal paid out, and of that what came back. */
  readonly paidOut: readonly Principal[]
  readonly paidBack: readonly Principal[]
  /** All loans, by state. */
  readonly loans: readonly { readonly product: string; readonly state: string; readonly count: number }[]
  readonly warnings: Readonly<Record<string, number>>
  readonly promises: Readonly<Record<(typeof PROMISE_STATES)[number], number>>
  /** Of the balance in a bucket when the last full month began: the share that was in another place when it ended. */
  readonly rolls: readonly {
    readonly product: string
    readonly from: string
    readonly to: string
    readonly ratio: number
  }[]
  /** Of what was paid out in a month: the share that was ever so late, by months on book. */
  readonly vintages: readonly {
    readonly product: string
    readonly month: string
    readonly monthsOnBook: number
    readonly over30: number
    readonly over90: number
  }[]
}

interface VintageSum {
  readonly product: string
  readonly month: string
  originatedMinor: number
  readonly over30Minor: number[]
  readonly over90Minor: number[]
}

/**
 * Adds up the loan book loan by loan, so that whoever reads it may rest in between. Roll rates and vintages are those of
 * roll-rates.ts and vintages.ts, of one loan at a time: their amounts add up.
 *
 * @param lossMinorOf expected loss of a running loan, minor units
 */
export function createBookStanding(nowMs: number, utcOffsetMinutes: number, lossMinorOf: (loan: Loan) => number) {
  const lastMonth = addMonths(monthAt(nowMs, utcOffsetMinutes), -1)
  const firstVintage = addMonths(lastMonth, 1 - VINTAGE_MONTHS)
  const paidOut = new Map<string, number>()
  const paidBack = new Map<string, number>()
  const buckets = new Map<string, number>()
  const stages = new Map<string, number>()
  const losses = new Map<string, number>()
  const states = new Map<string, number>()
  const warnings: Record<string, number> = { yellow: 0, orange: 0, red: 0 }
  const promises = { open: 0, kept: 0, broken: 0 }
  const rolled = new Map<string, number>()
  const began = new Map<string, number>()
  const months = new Map<string, VintageSum>()

  const addRolls = (product: string, history: LoanHistory): void => {
    const { beforeMinor, matrix } = rollRates([history], lastMonth, utcOffsetMinutes)
    for (const from of BUCKETS) {
      if (beforeMinor[from] === 0) continue
      add(began, [product, from], beforeMinor[from])
      for (const to of ROLL_PLACES) add(rolled, [product, from, to], matrix[from][to])
    }
  }

  const addVintage = (product: string, history: LoanHistory): void => {
    for (const { month, originatedMinor, points } of vintages([history], lastMonth, utcOffsetMinutes)) {
      const key = `${product} ${month}`
      const sum = months.get(key) ?? { product, month, originatedMinor: 0, over30Minor: [], over90Minor: [] }
      months.set(key, sum)
      sum.originatedMinor += originatedMinor
      for (const { monthsOnBook, over30Minor, over90Minor } of points.slice(0, VINTAGE_MONTHS + 1)) {
        sum.over30Minor[monthsOnBook] = (sum.over30Minor[monthsOnBook] ?? 0) + over30Minor
        sum.over90Minor[monthsOnBook] = (sum.over90Minor[monthsOnBook] ?? 0) + over90Minor
      }
    }
  }

  return {
    add: (history: LoanHistory): void => {
      const loan = loanAsOf(history, nowMs)
      if (loan === undefined) return
      const { state, bucket, stage, balanceMinor } = loan
      const [product, currency] = [loan.product ?? UNKNOWN, loan.currency ?? UNKNOWN]
      add(states, [product, state], 1)
      add(paidOut, [product, currency], loan.principalMinor ?? 0)
      add(paidBack, [product, currency], paidBackMinor(loan))
      if (isRunning(loan)) {
        add(buckets, [product, currency, bucket], balanceMinor)
        add(stages, [product, currency, String(stage)], balanceMinor)
        add(losses, [product, currency, String(stage)], lossMinorOf(loan))
        for (const { level } of loan.warnings) if (level !== 'none') warnings[level] = (warnings[level] ?? 0) + 1
      }
      for (const { state: kept } of loan.promises) promises[kept]++
      addRolls(product, history)
      if (monthAt(loan.disbursedAtMs, utcOffsetMinutes) >= firstVintage) addVintage(product, history)
    },
    standing: (): BookStanding => ({
      byBucket: amounts(buckets),
      byStage: amounts(stages),
      lossByStage: amounts(losses),
      paidOut: amounts(paidOut).map(ofAll),
      paidBack: amounts(paidBack).map(ofAll),
      loans: [...states].map(([key, count]) => {
        const [product, state] = partsOf(key)
        return { product, state, count }
      }),
      warnings,
      promises,
      rolls: [...rolled].map(([key, minor]) => {
        const [product, from, to = ''] = partsOf(key)
        return { product, from, to, ratio: minor / (began.get(keyOf([product, from])) as number) }
      }),
      vintages: [...months.values()].flatMap(({ product, month, originatedMinor, over30Minor, over90Minor }) =>
        originatedMinor === 0
          ? []
          : over30Minor.map((minor, monthsOnBook) => ({
              product,
              month,
              monthsOnBook,
              over30: minor / originatedMinor,
              over90: (over90Minor[monthsOnBook] as number) / originatedMinor
            }))
      )
    })
  }
}

/** Principal that was paid out, is not owed and was not given up, but for what came in after that. */
function paidBackMinor({ principalMinor, balanceMinor, writtenOffMinor, recoveredMinor }: Loan): number {
  const lostMinor = Math.max(0, writtenOffMinor - recoveredMinor)
  return Math.max(0, (principalMinor ?? 0) - balanceMinor - lostMinor)
}

function ofAll({ product, currency, minor }: Amount): Principal {
  return { product, currency, minor }
}

function add(sums: Map<string, number>, parts: readonly string[], more: number): void {
  const key = keyOf(parts)
  sums.set(key, (sums.get(key) ?? 0) + more)
}

function amounts(sums: ReadonlyMap<string, number>): Amount[] {
  return [...sums].map(([key, minor]) => {
    const [product, currency, of = ''] = partsOf(key)
    return { product, currency, of, minor }
  })
}

/** Products, currencies, states and buckets have no spaces. */
function keyOf(parts: readonly string[]): string {
  return parts.join(' ')
}

function partsOf(key: string): [string, string, string?] {
  return key.split(' ') as [string, string, string?]
}
