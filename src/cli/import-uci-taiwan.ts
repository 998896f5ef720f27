import type { EventInput } from '../domain/event.ts'
import { byTime } from '../features/offline.ts'
import { type Row, readTable, type Table } from './csv.ts'
import type { PastRequest } from './history-files.ts'
import { byAsOf, type Imported } from './import-source.ts'
import {
  oneOf,
  readAmountMinor,
  readBalanceMinor,
  readId,
  readNonNegativeMinor,
  wholeBetween,
  withExponent
} from './readings.ts'

/** From the oldest on, with the suffix of each month’s columns. The status of September is PAY_0, and there is no PAY_1. */
const MONTHS = [
  { month: 4, status: 'PAY_6', no: 6 },
  { month: 5, status: 'PAY_5', no: 5 },
  { month: 6, status: 'PAY_4', no: 4 },
  { month: 7, status: 'PAY_3', no: 3 },
  { month: 8, status: 'PAY_2', no: 2 },
  { month: 9, status: 'PAY_0', no: 1 }
] as const
const YEAR = 2005
/** The end of September: the outcome is that of October. */
const AS_OF_MS = Date.UTC(YEAR, 9, 1)

const CLIENTS: Table = {
  name: 'clients',
  columns: [
    'ID',
    'LIMIT_BAL',
    'AGE',
    ...MONTHS.flatMap(({ status, no }) => [status, `BILL_AMT${no}`, `PAY_AMT${no}`]),
    'DEFAULT_NEXT_MONTH'
  ],
  key: ['ID']
}

const readLimit = withExponent(readAmountMinor)
const readBill = withExponent(readBalanceMinor)
const readPaid = withExponent(readNonNegativeMinor)
const readAge = wholeBetween(0, 105)
const readMonthsLate = wholeBetween(-2, 120)
const readOutcome = oneOf({ 0: 'good', 1: 'bad' } as const)

/**
 * Reads the clients of a Taiwanese card issuer: six months of bills, payments and repayment status, and whether the next
 * payment failed to come. A month’s day is not known: everything happens in the last three seconds of the month, in UTC,
 * in the order in which the columns hang together: the payment, which is for the bill of the month before; the new bill;
 * the status. Each client makes one application at the very end of September, for its limit: it stands for the question
 * whether to keep lending. The nearest product is consumer credit; a card has no term, so it is the month in question.
 *
 * SEX, EDUCATION and MARRIAGE are not read. AGE becomes a birth year, which no model reads.
 */
export async function importUciTaiwan(folder: string): Promise<Imported> {
  const events: EventInput[] = []
  const applications: PastRequest[] = []
  let repeatedRows = 0
  for await (const row of readTable(folder, CLIENTS, () => repeatedRows++)) {
    const clientId = `uci-${row.read('ID', readId)}`
    const limitMinor = row.read('LIMIT_BAL', readLimit)
    events.push(...toEvents(row, clientId, limitMinor))
    applications.push(toApplication(row, clientId, limitMinor))
  }
  return {
    events: events.sort(byTime),
    applications: applications.sort(byAsOf),
    counts: { clients: applications.length, repeatedRows },
    timesTakenAs: 'the end of each month, UTC'
  }
}

function toEvents(row: Row, applicantId: string, limitMinor: number): EventInput[] {
  let earlierBillMinor: number | undefined
  return MONTHS.flatMap(({ month, status, no }) => {
    const endMs = Date.UTC(YEAR, month, 1)
    const event = (type: EventInput['type'], beforeEndMs: number, data: object): EventInput => ({
      eventId: `${applicantId}.${YEAR}-${String(month).padStart(2, '0')}.${type}`,
      type,
      occurredAtMs: endMs - beforeEndMs,
      applicantId,
      data
    })
    const balanceMinor = row.read(`BILL_AMT${no}`, readBill)
    const paidMinor = row.read(`PAY_AMT${no}`, readPaid)
    const monthsLate = row.read(status, readMonthsLate)
    const paidPermille = shareOf(paidMinor, earlierBillMinor)
    earlierBillMinor = balanceMinor
    return [
      event('bill.paid', 3000, { amountMinor: paidMinor, ...(paidPermille !== undefined && { paidPermille }) }),
      event('bill.issued', 2000, { balanceMinor, utilisationPermille: Math.round((balanceMinor * 1000) / limitMinor) }),
      event('bill.status', 1000, { status: statusOf(monthsLate), monthsLate: Math.max(0, monthsLate) })
    ]
  })
}

/** The most that an event may say: ten thousand times the bill. */
const MAX_PERMILLE = 10_000_000

/** What was paid by what was billed, in thousandths; undefined where nothing was billed or nobody knows. */
function shareOf(paidMinor: number, billedMinor: number | undefined): number | undefined {
  if (billedMinor === undefined || billedMinor <= 0) return undefined
  return Math.min(MAX_PERMILLE, Math.round((paidMinor * 1000) / billedMinor))
}

function statusOf(monthsLate: number): 'unused' | 'paid_in_full' | 'revolving' | 'late' {
  if (monthsLate > 0) return 'late'
  if (monthsLate === 0) return 'revolving'
  return monthsLate === -1 ? 'paid_in_full' : 'unused'
}

function toApplication(row: Row, applicantId: string, amountMinor: number): PastRequest {
  const outcome = row.readOptional('DEFAULT_NEXT_MONTH', readOutcome)
  return {
    applicationId: applicantId,
    applicantId,
    product: 'consumer',
    amountMinor,
    currency: 'TWD',
    term: { count: 1, unit: 'month' },
    purpose: 'consumption',
    applicant: { birthYear: YEAR - row.read('AGE', readAge) },
    consents: ['automated_decision'],
    asOf: AS_OF_MS,
    ...(outcome !== undefined && { outcome })
  }
}
