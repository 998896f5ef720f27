import { type Static, Type } from 'typebox'
import { PRODUCTS, TermSchema } from '../domain/application.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { REPAYMENT_METHODS } from '../domain/schedule-methods.ts'

const strict = { additionalProperties: false } as const

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
        min: Type.Integer({ minimum: 1 }),
        max: Type.Integer({ minimum: 1 }),
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
    utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, description: 'Zone of the dates on a schedule' }),
    students: Type.Boolean({ description: 'Whether students are served' }),
    firstLoanMaxMinor: amountSchema(
      'Most for an applicant without an earlier loan, whom the model has not seen the like of',
      1
    ),
    affordability: Type.Enum(['required', 'whenKnown'], { description: 'Whether a limit needs a declared income' })
  },
  strict
)
export type ProductPolicy = Static<typeof ProductSchema>
