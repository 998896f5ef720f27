import { Type } from 'typebox'
import { PRODUCTS } from '../application.ts'
import { timeSchema } from '../event-time.ts'
import { ApplicationIdSchema, DecisionIdSchema, idSchema, LoanIdSchema } from '../ids.ts'
import { amountSchema, CurrencySchema } from '../money.ts'
import {
  categorySchema,
  codeOf,
  countSchema,
  DAY_MS,
  defineType,
  durationSchema,
  memberOf,
  permilleSchema,
  strict
} from './event-type.ts'

const TermDays = Type.Integer({ minimum: 1, maximum: 3650 })
const InstalmentNo = Type.Integer({ minimum: 1, maximum: 1000 })
const OfferId = idSchema('The partner’s id of the offer')
const RuleId = idSchema('Rule or model that saw it')

/** What a rule saw: numbers by their names. */
export const EvidenceSchema = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9._-]{0,63}$' }), Type.Number(), {
  maxProperties: 8,
  description: 'What the rule saw: numbers by their names'
})

/** What must be paid when, the first due date first. */
const PlanSchema = Type.Array(
  Type.Object(
    {
      dueDate: Type.String({ format: 'date', description: 'Where the borrower is' }),
      principalMinor: amountSchema('Principal part'),
      interestMinor: amountSchema('Interest and fees')
    },
    strict
  ),
  { minItems: 1, maxItems: 400, description: 'Instalments by due date' }
)

export const OUTCOME_CODES = { APPROVE: 1, REFER: 2, DECLINE: 3 } as const
export const REPAYMENT_CODES = { scheduled: 1, partial: 2, final: 3, prepaid: 4 } as const
export const DEBIT_FAILURE_CODES = {
  insufficient_funds: 1,
  card_invalid: 2,
  limit_exceeded: 3,
  bank_unavailable: 4,
  other: 5
} as const
export const RESTRUCTURING_CODES = {
  extension: 1,
  payment_holiday: 2,
  reduced_rate: 3,
  settlement: 4,
  other: 5
} as const
/** 'none' withdraws what the same rule said before. */
export const WARNING_CODES = { none: 1, yellow: 2, orange: 3, red: 4 } as const
export const CONTACT_CODES = { promised: 1, reached: 2, not_reached: 3, disputed: 4, refused: 5 } as const

/** An application, its decision, the contract, the loan and its repayment. */
export const LOAN_EVENTS = {
  'application.submitted': defineType({
    code: 1,
    data: Type.Object(
      {
        applicationId: ApplicationIdSchema,
        product: Type.Enum([...PRODUCTS]),
        amountMinor: Type.Optional(amountSchema('Amount asked for', 1)),
        termDays: TermDays
      },
      strict
    ),
    fields: ({ amountMinor, termDays }) => ({ amountMinor, termDays })
  }),
  'loan.disbursed': defineType({
    code: 2,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        principalMinor: Type.Optional(amountSchema('Paid out', 1)),
        termDays: TermDays,
        approvedAtMs: Type.Optional(timeSchema('When the money was promised')),
        drawnPermille: Type.Optional(permilleSchema('Part of the limit that is drawn after this')),
        dueAtMs: Type.Optional(timeSchema('When the last instalment is due, for a loan without a schedule')),
        schedule: Type.Optional(PlanSchema),
        graceDays: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 30,
            description: 'Days after a due date on which it is still paid in time'
          })
        ),
        utcOffsetMinutes: Type.Optional(
          Type.Integer({ minimum: -720, maximum: 840, description: 'Zone of the due dates' })
        ),
        decisionId: Type.Optional(DecisionIdSchema),
        offerId: Type.Optional(OfferId),
        product: Type.Optional(Type.Enum([...PRODUCTS])),
        currency: Type.Optional(CurrencySchema),
        channel: Type.Optional(categorySchema('Where the loan was sold')),
        band: Type.Optional(categorySchema('Band of risk at the decision'))
      },
      strict
    ),
    fields: ({ principalMinor, termDays, approvedAtMs, drawnPermille }, occurredAtMs) => ({
      amountMinor: principalMinor,
      termDays,
      durationMs: approvedAtMs === undefined ? undefined : occurredAtMs - approvedAtMs,
      permille: drawnPermille
    })
  }),
  'repayment.received': defineType({
    code: 3,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        instalmentNo: InstalmentNo,
        dueAtMs: timeSchema('When the instalment was due'),
        amountMinor: Type.Optional(amountSchema('Received')),
        principalMinor: Type.Optional(amountSchema('Principal part of it')),
        kind: Type.Optional(memberOf(REPAYMENT_CODES))
      },
      strict
    ),
    fields: ({ dueAtMs, amountMinor, kind }, occurredAtMs) => ({
      amountMinor,
      lagMs: occurredAtMs - dueAtMs,
      code: codeOf(REPAYMENT_CODES, kind)
    })
  }),
  'repayment.failed': defineType({
    code: 4,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        instalmentNo: InstalmentNo,
        amountMinor: amountSchema('Tried'),
        reason: Type.Optional(memberOf(DEBIT_FAILURE_CODES))
      },
      strict
    ),
    fields: ({ amountMinor, reason }) => ({ amountMinor, code: codeOf(DEBIT_FAILURE_CODES, reason) })
  }),
  'loan.closed': defineType({
    code: 5,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        disbursedAtMs: timeSchema('When the loan was paid out'),
        dueAtMs: timeSchema('When the last instalment was due')
      },
      strict
    ),
    fields: ({ disbursedAtMs, dueAtMs }, occurredAtMs) => ({
      termDays: Math.max(0, Math.round((dueAtMs - disbursedAtMs) / DAY_MS)),
      lagMs: occurredAtMs - dueAtMs,
      durationMs: occurredAtMs - disbursedAtMs
    })
  }),
  'decision.made': defineType({
    code: 18,
    data: Type.Object(
      {
        applicationId: ApplicationIdSchema,
        outcome: memberOf(OUTCOME_CODES),
        limitMinor: Type.Optional(amountSchema('Limit granted')),
        durationMs: Type.Optional(durationSchema('From the request to the answer'))
      },
      strict
    ),
    fields: ({ outcome, limitMinor, durationMs }) => ({
      amountMinor: limitMinor,
      durationMs,
      code: OUTCOME_CODES[outcome]
    })
  }),
  'offer.accepted': defineType({
    code: 19,
    data: Type.Object(
      {
        offerId: OfferId,
        amountMinor: Type.Optional(amountSchema('Amount of the offer')),
        offeredAtMs: Type.Optional(timeSchema('When the offer was shown'))
      },
      strict
    ),
    fields: ({ amountMinor, offeredAtMs }, occurredAtMs) => ({
      amountMinor,
      durationMs: offeredAtMs === undefined ? undefined : occurredAtMs - offeredAtMs
    })
  }),
  'offer.expired': defineType({
    code: 20,
    data: Type.Object({ offerId: OfferId, amountMinor: Type.Optional(amountSchema('Amount of the offer')) }, strict),
    fields: ({ amountMinor }) => ({ amountMinor })
  }),
  'contract.signed': defineType({
    code: 21,
    data: Type.Object(
      {
        loanId: Type.Optional(LoanIdSchema),
        offerId: Type.Optional(OfferId),
        readingSeconds: Type.Optional(countSchema('How long the disclosure of costs was open', 86_400))
      },
      strict
    ),
    fields: ({ readingSeconds }) => ({ durationMs: readingSeconds === undefined ? undefined : readingSeconds * 1000 })
  }),
  'repayment.due': defineType({
    code: 22,
    data: Type.Object(
      { loanId: LoanIdSchema, instalmentNo: InstalmentNo, amountMinor: amountSchema('Due at the time of the event') },
      strict
    ),
    fields: ({ amountMinor }) => ({ amountMinor })
  }),
  'repayment.returned': defineType({
    code: 23,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        instalmentNo: Type.Optional(InstalmentNo),
        amountMinor: amountSchema('Taken back by the payer’s bank after it was received'),
        reason: Type.Optional(memberOf(DEBIT_FAILURE_CODES))
      },
      strict
    ),
    fields: ({ amountMinor, reason }) => ({ amountMinor, code: codeOf(DEBIT_FAILURE_CODES, reason) })
  }),
  'collection.contacted': defineType({
    code: 26,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        channel: Type.Enum(['app', 'sms', 'call', 'letter', 'visit']),
        result: memberOf(CONTACT_CODES),
        promisedMinor: Type.Optional(amountSchema('Promised')),
        promisedForMs: Type.Optional(timeSchema('When the promise is due'))
      },
      strict
    ),
    fields: ({ result, promisedMinor, promisedForMs }, occurredAtMs) => ({
      amountMinor: promisedMinor,
      durationMs: promisedForMs === undefined ? undefined : promisedForMs - occurredAtMs,
      code: CONTACT_CODES[result]
    })
  }),
  'loan.restructured': defineType({
    code: 37,
    data: Type.Object(
      { loanId: LoanIdSchema, kind: Type.Optional(memberOf(RESTRUCTURING_CODES)), schedule: PlanSchema },
      { ...strict, description: 'The schedule replaces what was still to be paid' }
    ),
    fields: ({ kind }) => ({ code: codeOf(RESTRUCTURING_CODES, kind) })
  }),
  'loan.written_off': defineType({
    code: 38,
    data: Type.Object(
      { loanId: LoanIdSchema, amountMinor: Type.Optional(amountSchema('Given up; the balance where it is not told')) },
      strict
    ),
    fields: ({ amountMinor }) => ({ amountMinor })
  }),
  'loan.recovered': defineType({
    code: 39,
    data: Type.Object(
      { loanId: LoanIdSchema, amountMinor: amountSchema('Came in after the loan was written off') },
      strict
    ),
    fields: ({ amountMinor }) => ({ amountMinor })
  }),
  'loan.warned': defineType({
    code: 40,
    data: Type.Object(
      {
        loanId: LoanIdSchema,
        rule: RuleId,
        ruleVersion: Type.Optional(idSchema('Version of the rule')),
        level: memberOf(WARNING_CODES),
        expiresAtMs: Type.Optional(timeSchema('From when it says nothing any more')),
        evidence: Type.Optional(EvidenceSchema)
      },
      strict
    ),
    fields: ({ level }) => ({ code: WARNING_CODES[level] })
  }),
  'application.withdrawn': defineType({
    code: 41,
    data: Type.Object(
      { applicationId: ApplicationIdSchema, decisionId: Type.Optional(DecisionIdSchema) },
      {
        ...strict,
        description: 'The borrower does not want it any more: the offers of the decision end, or of all its decisions'
      }
    ),
    fields: () => ({})
  })
} as const
