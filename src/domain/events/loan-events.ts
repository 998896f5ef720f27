import { Type } from 'typebox'
import { PRODUCTS } from '../application.ts'
import { timeSchema } from '../event-time.ts'
import { ApplicationIdSchema, idSchema, LoanIdSchema } from '../ids.ts'
import { amountSchema } from '../money.ts'
import {
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

export const OUTCOME_CODES = { APPROVE: 1, REFER: 2, DECLINE: 3 } as const
export const REPAYMENT_CODES = { scheduled: 1, partial: 2, final: 3, prepaid: 4 } as const
export const DEBIT_FAILURE_CODES = {
  insufficient_funds: 1,
  card_invalid: 2,
  limit_exceeded: 3,
  bank_unavailable: 4,
  other: 5
} as const
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
        drawnPermille: Type.Optional(permilleSchema('Part of the limit that is drawn after this'))
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
  })
} as const
