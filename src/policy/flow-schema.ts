import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { LENDER_TYPES } from './rule-pack-schema.ts'
import { TableSchema } from './table-schema.ts'

const strict = { additionalProperties: false } as const

/** Under which rules a product is lent: the rule packs of a jurisdiction for a type of lender, and where it is offered. */
export const RuleScopeSchema = Type.Object(
  {
    jurisdiction: Type.String({ pattern: '^[A-Z]{2}$' }),
    lenderType: Type.Enum([...LENDER_TYPES]),
    regions: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$' }), {
        minItems: 1,
        uniqueItems: true,
        description: 'Where it is offered; elsewhere is declined (R204), an unknown region goes to a person'
      })
    )
  },
  strict
)

const LimitStrategySchema = Type.Object(
  {
    product: Type.Enum([...PRODUCTS]),
    incomeMultiples: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Z]$' }), Type.Number({ exclusiveMinimum: 0, maximum: 60 }), {
        description: 'By band: how many declared monthly incomes may be owed'
      })
    ),
    expectedLoss: Type.Optional(
      Type.Object(
        {
          budgetMinor: amountSchema('Loss that is expected of one borrower at most', 1),
          lossGivenDefault: Type.Number({ exclusiveMinimum: 0, maximum: 1 })
        },
        { ...strict, description: 'Bounds the limit at budget / (probability of default × loss given default)' }
      )
    ),
    segments: Type.Optional(
      Type.Array(
        Type.Object(
          { segment: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }), maxMinor: amountSchema('Most owed', 1) },
          strict
        ),
        { minItems: 1, description: 'Which segment an applicant is of, a table of stage limit says' }
      )
    ),
    partnerHeadroom: Type.Optional(
      Type.Array(
        Type.Object(
          {
            partner: Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$' }),
            headroomMinor: amountSchema('What the partner still lends')
          },
          strict
        ),
        { minItems: 1, description: 'Of partners in the product’s funding: a loan takes their share of it' }
      )
    ),
    reducedOffers: Type.Optional(
      Type.Boolean({ description: 'Whether less than asked is offered instead of a decline; true by default' })
    )
  },
  strict
)
export type LimitStrategy = Static<typeof LimitStrategySchema>

/** Fields of a policy that decide in stages. All optional: a policy without `flow` decides as it always did. */
export const FLOW_FIELDS = {
  flow: Type.Optional(
    Type.Literal('staged', {
      description: 'In stages, the first that declines ends it; without it all rules are asked at once'
    })
  ),
  tables: Type.Optional(Type.Array(TableSchema, { maxItems: 32 })),
  limits: Type.Optional(Type.Array(LimitStrategySchema, { description: 'At most one a product' })),
  lender: Type.Optional(
    Type.Object(
      {
        currency: CurrencySchema,
        netAssetsMinor: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Latest known' })
      },
      { ...strict, description: 'What rules on concentration are measured by' }
    )
  )
} as const
