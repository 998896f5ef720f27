import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { memberOf } from '../domain/events/event-type.ts'
import { EvidenceSchema, WARNING_CODES } from '../domain/events/loan-events.ts'
import { DecisionIdSchema, idSchema, LoanIdSchema } from '../domain/ids.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { BUCKETS } from './buckets.ts'

const strict = { additionalProperties: false } as const
const Instant = (description: string) => Type.Integer({ minimum: 0, description: `${description}, ms since 1970` })
const Count = (description: string) => Type.Integer({ minimum: 0, description })
const OrNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])
/** Sums can pass the most that one amount may be. */
const Sum = (description: string) => Type.Integer({ minimum: 0, description })

/**
 * active: running as it was agreed · restructured: running on another plan · closed: nothing is left, by payment or by the
 * lender’s word · written_off: given up · recovered: given up, and then all of it came in or the rest was waived
 */
export const LOAN_STATES = ['active', 'restructured', 'closed', 'written_off', 'recovered'] as const
export type LoanState = (typeof LOAN_STATES)[number]

const LoanInstalmentSchema = Type.Object(
  {
    no: Type.Integer({ minimum: 1 }),
    dueDate: Type.String({ format: 'date' }),
    principalMinor: amountSchema('Principal part'),
    interestMinor: amountSchema('Interest and fees'),
    paidMinor: amountSchema('Of both, what is paid'),
    paidAtMs: OrNull(Instant('Since when nothing of it is left to pay')),
    daysLate: Count('Days past its due date when it was paid, or by now; 0 within the grace')
  },
  strict
)
export type LoanInstalment = Static<typeof LoanInstalmentSchema>

export const PROMISE_STATES = ['open', 'kept', 'broken'] as const
const LoanPromiseSchema = Type.Object(
  {
    promiseId: idSchema('Id of the event that told it'),
    madeAtMs: Instant('When it was made'),
    dueDate: Type.String({ format: 'date', description: 'The last day on which it can be kept' }),
    promisedMinor: OrNull(amountSchema('Promised; null for any amount')),
    state: Type.Enum([...PROMISE_STATES])
  },
  strict
)

const LoanWarningSchema = Type.Object(
  {
    rule: idSchema('Rule or model that saw it'),
    ruleVersion: OrNull(idSchema('Version of the rule')),
    level: memberOf(WARNING_CODES),
    raisedAtMs: Instant('When it was raised; telling it again, as urgent as before, changes nothing of that'),
    expiresAtMs: OrNull(Instant('From when it says nothing any more')),
    evidence: EvidenceSchema
  },
  strict
)
export type LoanWarning = Static<typeof LoanWarningSchema>

/** A loan as it stood at an instant. Amounts are minor units; days are those of its zone. */
export const LoanSchema = Type.Object(
  {
    loanId: LoanIdSchema,
    asOfMs: Instant('What happened later is not in it'),
    state: Type.Enum([...LOAN_STATES]),
    disbursedAtMs: Instant('When it was paid out'),
    principalMinor: OrNull(amountSchema('Paid out; null where nobody told it')),
    currency: OrNull(CurrencySchema),
    product: OrNull(Type.Enum([...PRODUCTS])),
    channel: OrNull(Type.String()),
    band: OrNull(Type.String()),
    decisionId: OrNull(DecisionIdSchema),
    offerId: OrNull(Type.String()),
    utcOffsetMinutes: Type.Integer({ description: 'Zone of its dates' }),
    graceDays: Count('Days after a due date on which it is still paid in time'),
    isPlanTold: Type.Boolean({
      description: 'Whether the schedule was told; else it is one instalment of the principal'
    }),
    schedule: Type.Array(LoanInstalmentSchema, { description: 'Of the plan it now runs on' }),
    paidMinor: Sum('Received and not taken back, recoveries included'),
    balanceMinor: Sum('Principal that is not paid; 0 once closed or given up'),
    owedMinor: Sum('Principal and interest that are not paid; 0 once closed or given up'),
    overdueMinor: Sum('Of what is owed, what should have been paid by now'),
    daysPastDue: Count('Days since the oldest unpaid due date; 0 within the grace, and once closed'),
    worstDaysPastDue: Count('The most there ever were'),
    bucket: Type.Enum([...BUCKETS]),
    stage: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)], { description: 'IFRS 9' }),
    warnings: Type.Array(LoanWarningSchema, { description: 'In force; one of each rule' }),
    promises: Type.Array(LoanPromiseSchema, { description: 'Promises to pay, the oldest first' }),
    failedDebits: Count('Debits that failed'),
    lastFailedDebitAtMs: OrNull(Instant('When a debit last failed')),
    restructurings: Count('How often the plan was replaced'),
    closedAtMs: OrNull(Instant('When it was closed')),
    writtenOffAtMs: OrNull(Instant('When it was given up')),
    writtenOffMinor: Sum('Given up'),
    recoveredMinor: Sum('Came in after that'),
    events: Count('Events it is made of')
  },
  { ...strict, $id: 'Loan' }
)
export type Loan = Static<typeof LoanSchema>

/** Whether payments are still awaited. */
export function isRunning({ state }: Pick<Loan, 'state'>): boolean {
  return state === 'active' || state === 'restructured'
}
