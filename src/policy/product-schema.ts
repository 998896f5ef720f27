import { type Static, Type } from 'typebox'
import { MAX_TERM_COUNT, PRODUCTS, TermSchema } from '../domain/application.ts'
import { disclosureTerms } from '../domain/cost-disclosure.ts'
import { chargeTexts, FeeSchema } from '../domain/fees.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { DAY_BASES, REPAYMENT_METHODS } from '../domain/schedule-methods.ts'
import { RuleScopeSchema } from './flow-schema.ts'

const strict = { additionalProperties: false } as const

/** More offers than this help nobody choose, and every decision is kept with all of them. */
export const MAX_OFFERS = 9

const TermCountSchema = Type.Integer({ minimum: 1, maximum: MAX_TERM_COUNT })

const OfferGridSchema = Type.Object(
  {
    amountShares: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), {
        maxItems: MAX_OFFERS,
        uniqueItems: true,
        description: 'Of the amount granted, rounded down to the step'
      })
    ),
    amountsMinor: Type.Optional(
      Type.Array(amountSchema('Offered where less than is granted', 1), { maxItems: MAX_OFFERS, uniqueItems: true })
    ),
    terms: Type.Optional(
      Type.Array(TermCountSchema, { maxItems: MAX_OFFERS, uniqueItems: true, description: 'In its unit' })
    )
  },
  { ...strict, description: 'What is offered beside the amount and the term asked for, each with every way to repay' }
)

const DisclosureSchema = Type.Object(
  { ...disclosureTerms, interest: Type.Object(chargeTexts, strict) },
  { ...strict, description: 'Words of the cost table of each offer; the fees bring their own' }
)
export type Disclosure = Static<typeof DisclosureSchema>

const FundingSchema = Type.Array(
  Type.Object(
    {
      partner: Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$', description: 'self, or one of the policy’s partners' }),
      share: Type.Number({ exclusiveMinimum: 0, maximum: 1 })
    },
    strict
  ),
  {
    minItems: 1,
    maxItems: 8,
    description: 'Who lends which share; they sum to 1. The first takes what rounding leaves'
  }
)
export type Funding = Static<typeof FundingSchema>

/** One product of the catalogue: what may be asked for, how it is repaid, and what its offers say. */
export const ProductSchema = Type.Object(
  {
    product: Type.Enum([...PRODUCTS]),
    currency: CurrencySchema,
    amountMinor: Type.Object(
      { min: amountSchema('Least', 1), max: amountSchema('Most', 1), step: amountSchema('Step', 1) },
      strict
    ),
    term: Type.Object(
      {
        unit: Type.Enum(['day', 'month']),
        min: TermCountSchema,
        max: TermCountSchema,
        instalmentEvery: TermSchema
      },
      { ...strict, description: 'A term shorter than one interval is one instalment at its end' }
    ),
    repaymentMethods: Type.Optional(
      Type.Array(Type.Enum([...REPAYMENT_METHODS]), {
        minItems: 1,
        uniqueItems: true,
        description: 'Ways to repay, the preferred first; without it equal instalments only'
      })
    ),
    bulletMaxTerm: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_TERM_COUNT,
        description: 'Longest term of a bullet, in the unit of the terms; without it any'
      })
    ),
    dayBasis: Type.Optional(
      Type.Enum([...DAY_BASES], { description: 'Days of a year for daily accrual; without it 365' })
    ),
    fees: Type.Optional(
      Type.Array(FeeSchema, {
        maxItems: 8,
        description: 'Charges beside the interest; an empty list says in each offer that there are none'
      })
    ),
    offerGrid: Type.Optional(OfferGridSchema),
    disclosure: Type.Optional(DisclosureSchema),
    funding: Type.Optional(FundingSchema),
    utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, description: 'Zone of the dates on a schedule' }),
    students: Type.Boolean({ description: 'Whether students are served' }),
    firstLoanMaxMinor: amountSchema(
      'Most for an applicant without an earlier loan, whom the model has not seen the like of',
      1
    ),
    rules: Type.Optional(RuleScopeSchema),
    affordability: Type.Enum(['required', 'whenKnown'], { description: 'Whether a limit needs a declared income' })
  },
  strict
)
export type ProductPolicy = Static<typeof ProductSchema>
