import type { EventInput } from '../domain/event.ts'
import { byTime } from '../features/offline.ts'
import { readTable, type Table } from './csv.ts'
import type { PastRequest } from './history-files.ts'
import { byAsOf, type Imported } from './import-source.ts'
import { oneOf, readDayFirstTime, readId } from './readings.ts'
import { type CreditLoan, type CreditRequest, readCreditTable, readUgx, readXenteAmount } from './xente-requests.ts'

const DAY_MS = 86_400_000
/** Every loan of the table that has a due date runs thirty days, but for the seconds between asking and issue. */
const TERM_DAYS = 30

const PURCHASES: Table = {
  name: 'purchases',
  missing: 'NA',
  columns: [
    'TransactionId',
    'CustomerId',
    'CurrencyCode',
    'ProviderId',
    'ProductCategory',
    'Value',
    'TransactionStartTime'
  ],
  key: ['TransactionId']
}

const readGoods = oneOf({
  airtime: 'services',
  data_bundles: 'services',
  financial_services: 'services',
  tv: 'services',
  movies: 'services',
  ticket: 'services',
  utility_bill: 'household',
  retail: 'other'
} as const)

/**
 * Reads transactions (requests for credit and their loans, see readCreditTable) and purchases, paid at once, of Xente.
 *
 * An application is a request: one for each loan under the loan’s id, and one for each request without a loan under the
 * transaction’s. It has no application.submitted among the events, because a replay appends that itself, as live does. What
 * comes of it happens after it: the decision a millisecond later, which the table does not date, and the issue, which the
 * table dates a few seconds before the request, a millisecond after that at the earliest. PaidOnDate, IsFinalPayBack and
 * AmountLoan appear in the payment’s event and at the closing, at PaidOnDate; DueDate in what happens to a loan from its
 * issue on; IsThirdPartyConfirmed and ThirdPartyId nowhere.
 *
 * Times name no zone and are taken as UTC: the nights of both tables lie where Ugandan nights lie in UTC.
 */
export async function importXente(folder: string): Promise<Imported> {
  const { rows, loans, withoutLoan, repeatedRows } = await readCreditTable(folder)
  let repeatedPurchases = 0
  const events: EventInput[] = [...withoutLoan.map(toDecision), ...loans.flatMap(toEvents)]
  const credit = events.length
  for await (const row of readTable(folder, PURCHASES, () => repeatedPurchases++)) {
    row.read('CurrencyCode', readUgx)
    const orderId = row.read('TransactionId', readId)
    events.push({
      eventId: `${orderId}.order.paid`,
      type: 'order.paid',
      occurredAtMs: row.read('TransactionStartTime', readDayFirstTime),
      applicantId: row.read('CustomerId', readId),
      data: {
        orderId,
        merchant: row.read('ProviderId', readId),
        goods: row.read('ProductCategory', readGoods),
        amountMinor: row.read('Value', readXenteAmount),
        creditPermille: 0
      }
    })
  }
  const applications = [
    ...withoutLoan.map((request) => toApplication(request.requestId, request)),
    ...loans.map(({ loanId, request, outcome }) => toApplication(loanId, request, outcome))
  ]
  const counts = {
    requestRows: rows,
    loans: loans.length,
    rejected: withoutLoan.filter(({ accepted }) => !accepted).length,
    acceptedWithoutLoan: withoutLoan.filter(({ accepted }) => accepted).length,
    loansWithoutDueDate: loans.filter(({ dueAtMs }) => dueAtMs === undefined).length,
    purchases: events.length - credit,
    repeatedRows: repeatedRows + repeatedPurchases
  }
  return {
    events: events.toSorted(byTime),
    applications: applications.toSorted(byAsOf),
    counts,
    timesTakenAs: 'UTC'
  }
}

function toApplication(applicationId: string, request: CreditRequest, outcome?: CreditLoan['outcome']): PastRequest {
  return {
    applicationId,
    applicantId: request.applicantId,
    product: 'consumer',
    amountMinor: request.amountMinor,
    currency: 'UGX',
    term: { count: TERM_DAYS, unit: 'day' },
    purpose: 'consumption',
    applicant: {},
    consents: ['automated_decision'],
    asOf: request.atMs,
    ...(outcome !== undefined && { outcome })
  }
}

function toDecision(request: CreditRequest): EventInput {
  return decision(request.requestId, request)
}

function decision(applicationId: string, { applicantId, atMs, accepted }: CreditRequest): EventInput {
  return {
    eventId: `${applicationId}.decision.made`,
    type: 'decision.made',
    occurredAtMs: atMs + 1,
    applicantId,
    data: { applicationId, outcome: accepted ? 'APPROVE' : 'DECLINE' }
  }
}

function toEvents({ loanId, request, issuedAtMs, dueAtMs: statedDueAtMs, payments }: CreditLoan): EventInput[] {
  const { applicantId, amountMinor } = request
  const decided = decision(loanId, request)
  const disbursedAtMs = Math.max(issuedAtMs, decided.occurredAtMs + 1)
  const dueAtMs = statedDueAtMs ?? issuedAtMs + TERM_DAYS * DAY_MS
  const last = payments.at(-1)
  // Some loans have several payments that are called final, each the rest as it was seen then: the last one is.
  const closing = last?.isFinal ? last : undefined
  const event = (id: string, type: EventInput['type'], occurredAtMs: number, data: object): EventInput => ({
    eventId: `${id}.${type}`,
    type,
    occurredAtMs,
    applicantId,
    data: { loanId, ...data }
  })
  const events = [
    decided,
    event(loanId, 'loan.disbursed', disbursedAtMs, { principalMinor: amountMinor, termDays: TERM_DAYS, dueAtMs }),
    ...payments.map((payment) =>
      event(payment.paymentId, 'repayment.received', payment.atMs, {
        instalmentNo: 1,
        dueAtMs,
        amountMinor: payment.amountMinor,
        kind: payment === closing ? 'final' : 'partial'
      })
    )
  ]
  if (closing === undefined || closing.atMs > dueAtMs) {
    // What was lent and not paid back by then. The interest owed is not in the tables.
    const paid = payments.filter(({ atMs }) => atMs <= dueAtMs).reduce((sum, payment) => sum + payment.amountMinor, 0)
    const owedMinor = Math.max(0, amountMinor - paid)
    events.push(event(loanId, 'repayment.due', dueAtMs, { instalmentNo: 1, amountMinor: owedMinor }))
  }
  if (closing !== undefined) events.push(event(loanId, 'loan.closed', closing.atMs, { disbursedAtMs, dueAtMs }))
  return events
}
