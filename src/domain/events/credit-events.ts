import { Type } from 'typebox'
import { amountSchema } from '../money.ts'
import {
  allOrNothing,
  categorySchema,
  codeOf,
  countSchema,
  defineType,
  hashOf,
  memberOf,
  permilleSchema,
  signedAmountSchema,
  strict
} from './event-type.ts'

export const LENDER_CODES = { bank: 1, consumer_finance: 2, microloan: 3, other: 4 } as const
export const LIMIT_CODES = { granted: 1, raised: 2, lowered: 3, frozen: 4, closed: 5, unchanged: 6 } as const
export const DRAW_CODES = { purchase: 1, cash: 2, transfer: 3 } as const
export const BILL_CODES = { unused: 1, paid_in_full: 2, revolving: 3, late: 4 } as const
export const CASH_FLOW_CODES = {
  income: 1,
  pension: 2,
  household: 3,
  insurance: 4,
  loan_payment: 5,
  interest: 6,
  penalty_interest: 7,
  cash: 8,
  card: 9,
  transfer: 10,
  other: 11
} as const

/** Ten times a limit: more is a unit error. A credit balance is negative. */
const ANY_PERMILLE = { minimum: -10_000_000, maximum: 10_000_000 }

/** Credit and money elsewhere and on a line: bureau reports, limits, monthly bills, a bank account. */
export const CREDIT_EVENTS = {
  'bureau.received': defineType({
    code: 17,
    data: Type.Object(
      {
        provider: categorySchema('Code of the bureau'),
        isHit: Type.Boolean({ description: 'Whether the bureau knows the person' }),
        lender: Type.Optional(memberOf(LENDER_CODES, 'Kind of the institution that asked about the person')),
        institution: Type.Optional(categorySchema('Code of the institution that asked about the person')),
        accounts: Type.Optional(countSchema('Open accounts elsewhere', 10_000)),
        monthlyInstalmentsMinor: Type.Optional(amountSchema('Instalments elsewhere a month, added up'))
      },
      {
        ...strict,
        description: 'One entry of a report, at its own time: post a query of an institution at the time of the query'
      }
    ),
    fields: ({ isHit, lender, institution, accounts, monthlyInstalmentsMinor }) => ({
      amountMinor: monthlyInstalmentsMinor,
      code: codeOf(LENDER_CODES, lender),
      hash: hashOf(institution),
      count: accounts,
      permille: allOrNothing(isHit)
    })
  }),
  'limit.changed': defineType({
    code: 27,
    data: Type.Object(
      {
        limitMinor: amountSchema('The limit from now on'),
        change: Type.Optional(memberOf(LIMIT_CODES)),
        utilisationPermille: Type.Optional(permilleSchema('Part of the limit in use', ANY_PERMILLE))
      },
      strict
    ),
    fields: ({ limitMinor, change, utilisationPermille }) => ({
      amountMinor: limitMinor,
      code: codeOf(LIMIT_CODES, change),
      permille: utilisationPermille
    })
  }),
  'limit.used': defineType({
    code: 28,
    data: Type.Object(
      {
        drawnMinor: amountSchema('Drawn'),
        kind: Type.Optional(memberOf(DRAW_CODES)),
        utilisationPermille: Type.Optional(permilleSchema('Part of the limit in use after this', ANY_PERMILLE))
      },
      strict
    ),
    fields: ({ drawnMinor, kind, utilisationPermille }) => ({
      amountMinor: drawnMinor,
      code: codeOf(DRAW_CODES, kind),
      permille: utilisationPermille
    })
  }),
  'bill.issued': defineType({
    code: 29,
    data: Type.Object(
      {
        balanceMinor: signedAmountSchema('Balance of the bill; negative is a credit'),
        utilisationPermille: Type.Optional(permilleSchema('Balance by the limit', ANY_PERMILLE)),
        transactions: Type.Optional(countSchema('Transactions on the bill', 100_000))
      },
      strict
    ),
    fields: ({ balanceMinor, utilisationPermille, transactions }) => ({
      amountMinor: balanceMinor,
      count: transactions,
      permille: utilisationPermille
    })
  }),
  'bill.paid': defineType({
    code: 30,
    data: Type.Object(
      {
        amountMinor: amountSchema('Paid towards the bill before the next; 0 is nothing'),
        paidPermille: Type.Optional(permilleSchema('Paid by the bill’s balance', { maximum: 10_000_000 }))
      },
      strict
    ),
    fields: ({ amountMinor, paidPermille }) => ({ amountMinor, permille: paidPermille })
  }),
  'bill.status': defineType({
    code: 31,
    data: Type.Object(
      { status: memberOf(BILL_CODES), monthsLate: countSchema('Months since the oldest payment that is due', 120) },
      strict
    ),
    fields: ({ status, monthsLate }) => ({ code: BILL_CODES[status], count: monthsLate })
  }),
  'account.transaction': defineType({
    code: 32,
    data: Type.Object(
      {
        amountMinor: signedAmountSchema('Credit to the account is positive, debit negative'),
        purpose: memberOf(CASH_FLOW_CODES),
        counterparty: Type.Optional(categorySchema('Code of the other bank'))
      },
      strict
    ),
    fields: ({ amountMinor, purpose, counterparty }) => ({
      amountMinor,
      code: CASH_FLOW_CODES[purpose],
      hash: hashOf(counterparty)
    })
  }),
  'account.balance': defineType({
    code: 33,
    data: Type.Object({ balanceMinor: signedAmountSchema('Balance of the account; negative is overdrawn') }, strict),
    fields: ({ balanceMinor }) => ({ amountMinor: balanceMinor })
  })
} as const
