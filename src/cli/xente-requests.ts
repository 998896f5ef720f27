import { isDeepStrictEqual } from 'node:util'
import { type Row, readTable, type Table } from './csv.ts'
import { oneOf, readAmountMinor, readId, readTime, withExponent } from './readings.ts'

/** A purchase that somebody asked to pay later. */
export interface CreditRequest {
  /** The transaction and its second: a few rejected requests, even of different people, share a transaction’s id. */
  readonly requestId: string
  readonly applicantId: string
  readonly atMs: number
  /** The price with charges: what the credit is asked for. */
  readonly amountMinor: number
  readonly accepted: boolean
}

/** What every row of a loan says of it. */
interface LoanTerms {
  readonly loanId: string
  readonly applicantId: string
  readonly issuedAtMs: number
  /** A few loans have none. */
  readonly dueAtMs: number | undefined
  readonly outcome: 'good' | 'bad' | undefined
}

export interface CreditLoan extends LoanTerms {
  readonly request: CreditRequest
  /** By time, then by id. At least one: the table has no row for a loan on which nothing was ever paid. */
  readonly payments: readonly Payment[]
}

export interface CreditTable {
  readonly rows: number
  readonly loans: readonly CreditLoan[]
  /** Rejected, or accepted with no loan that is nearer to them than to another request. */
  readonly withoutLoan: readonly CreditRequest[]
  readonly repeatedRows: number
}

interface Payment {
  readonly paymentId: string
  readonly loanId: string
  readonly atMs: number
  readonly amountMinor: number
  readonly isFinal: boolean
}

const REQUEST_COLUMNS = ['CustomerId', 'TransactionStartTime', 'Value', 'TransactionId', 'CurrencyCode']
const LOAN_COLUMNS = ['IssuedDateLoan', 'AmountLoan', 'LoanId', 'PaidOnDate', 'IsFinalPayBack', 'DueDate', 'PayBackId']
const TRANSACTIONS: Table = {
  name: 'transactions',
  missing: 'NA',
  columns: [...REQUEST_COLUMNS, 'TransactionStatus', ...LOAN_COLUMNS, 'IsDefaulted'],
  key: ['TransactionId', 'TransactionStartTime', 'LoanId', 'PayBackId']
}

/** Whole shillings, which have no smaller coin, in hundredths all the same: see CurrencySchema. */
export const readXenteAmount = withExponent(readAmountMinor)
export const readUgx = oneOf({ UGX: 'UGX' } as const)
const readFlag = oneOf({ 0: false, 1: true })
const readOutcome = oneOf({ 0: 'good', 1: 'bad' } as const)

/**
 * Reads the requests for credit of Xente. The table is a join: a loan has a row for each payment times the requests of its
 * batch, so two requests within seconds stand beside both of their loans. A loan is taken to be of the request nearest to
 * its issue. AmountLoan is what a payment paid, whatever its description says: it differs between the rows of a loan and
 * grows with the days until payment. What was lent is the Value of the request.
 */
export async function readCreditTable(folder: string): Promise<CreditTable> {
  const requests = new Map<string, CreditRequest>()
  const loans = new Map<string, LoanTerms>()
  const payments = new Map<string, Payment>()
  const pairs: { readonly loanId: string; readonly requestId: string }[] = []
  let rows = 0
  let repeatedRows = 0
  for await (const row of readTable(folder, TRANSACTIONS, () => repeatedRows++)) {
    rows++
    const request = toRequest(row)
    const { requestId } = request
    agree(row, 'TransactionId', requests, requestId, request)
    if (!request.accepted) continue
    const loan = toLoan(row, request)
    const payment = toPayment(row, Math.max(request.atMs, loan.issuedAtMs))
    agree(row, 'LoanId', loans, loan.loanId, loan)
    agree(row, 'PayBackId', payments, payment.paymentId, payment)
    pairs.push({ loanId: loan.loanId, requestId })
  }
  const requestsOf = Map.groupBy(pairs, ({ loanId }) => loanId)
  const paymentsOf = Map.groupBy(payments.values(), ({ loanId }) => loanId)
  const whole = [...loans.values()].map((loan) => {
    const candidates = (requestsOf.get(loan.loanId) ?? []).map(({ requestId }) => requests.get(requestId))
    const request = nearest(candidates as CreditRequest[], loan.issuedAtMs)
    return { ...loan, request, payments: (paymentsOf.get(loan.loanId) ?? []).toSorted(byTimeAndId) }
  })
  const taken = new Set(whole.map(({ request }) => request.requestId))
  const withoutLoan = [...requests.values()].filter(({ requestId }) => !taken.has(requestId))
  return { rows, loans: whole, withoutLoan, repeatedRows }
}

function toRequest(row: Row): CreditRequest {
  row.read('CurrencyCode', readUgx)
  const atMs = row.read('TransactionStartTime', readTime)
  return {
    requestId: `${row.read('TransactionId', readId)}.${Math.floor(atMs / 1000)}`,
    applicantId: row.read('CustomerId', readId),
    atMs,
    amountMinor: row.read('Value', readXenteAmount),
    accepted: row.read('TransactionStatus', readFlag)
  }
}

function toLoan(row: Row, { applicantId, atMs }: CreditRequest): LoanTerms {
  const issuedAtMs = row.read('IssuedDateLoan', readTime)
  const dueAtMs = row.readOptional('DueDate', readTime)
  if (dueAtMs !== undefined && dueAtMs <= Math.max(atMs, issuedAtMs))
    throw row.refuse('column DueDate: is not after TransactionStartTime and IssuedDateLoan')
  return {
    loanId: row.read('LoanId', readId),
    applicantId,
    issuedAtMs,
    dueAtMs,
    outcome: row.readOptional('IsDefaulted', readOutcome)
  }
}

function toPayment(row: Row, afterMs: number): Payment {
  const atMs = row.read('PaidOnDate', readTime)
  if (atMs <= afterMs) throw row.refuse('column PaidOnDate: is not after TransactionStartTime and IssuedDateLoan')
  return {
    paymentId: row.read('PayBackId', readId),
    loanId: row.read('LoanId', readId),
    atMs,
    amountMinor: row.read('AmountLoan', readXenteAmount),
    isFinal: row.read('IsFinalPayBack', readFlag)
  }
}

/** Keeps what a row says of a thing that other rows tell of as well. */
function agree<Value>(row: Row, column: string, known: Map<string, Value>, id: string, value: Value): void {
  const earlier = known.get(id)
  if (earlier !== undefined && !isDeepStrictEqual(earlier, value))
    throw row.refuse(`column ${column}: another row says something else of ${id}`)
  known.set(id, value)
}

function nearest(requests: readonly CreditRequest[], issuedAtMs: number): CreditRequest {
  const distance = ({ atMs }: CreditRequest) => Math.abs(atMs - issuedAtMs)
  const [first] = requests.toSorted(
    (left, right) =>
      distance(left) - distance(right) || left.atMs - right.atMs || (left.requestId < right.requestId ? -1 : 1)
  )
  return first as CreditRequest
}

function byTimeAndId(left: Payment, right: Payment): number {
  return left.atMs - right.atMs || (left.paymentId < right.paymentId ? -1 : 1)
}
