import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'

const strict = { additionalProperties: false } as const
const RatioSchema = Type.Number({ minimum: 0, maximum: 1 })
const BandNameSchema = Type.String({ pattern: '^[A-Z]$' })
const DateSchema = Type.String({ format: 'date', pattern: '^[0-9]{4}-' })

/** One band of the score scale: what becomes of it, at which price and up to which amount. */
export const BandSchema = Type.Object(
  {
    band: BandNameSchema,
    pdBelow: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    action: Type.Enum(['APPROVE', 'REFER', 'DECLINE']),
    nominalRate: Type.Union([RatioSchema, Type.Null()], {
      description: 'Price a year of products without a pricing; null where nothing is offered'
    }),
    limitShare: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the product’s maximum' })
  },
  strict
)
export type Band = Static<typeof BandSchema>

const LprPointSchema = Type.Object({ from: DateSchema, ratio: RatioSchema }, strict)

const FundingPointSchema = Type.Object(
  {
    from: DateSchema,
    ratio: Type.Optional(RatioSchema),
    overLpr: Type.Optional(Type.Number({ minimum: -1, maximum: 1, description: 'Added to the LPR of the day' }))
  },
  {
    ...strict,
    description: 'Cost of money a year from this local day on: a ratio, or the LPR and so much; one of the two'
  }
)

const PriceRowSchema = Type.Object(
  {
    band: BandNameSchema,
    pd: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'Probability of default that the band is priced at: one price a band, none of a person'
    }),
    marginRatio: Type.Optional(RatioSchema)
  },
  strict
)

/** A risk-based price a year on the average balance (domain reference 3.5), on a grid by band. */
const PricingSchema = Type.Object(
  {
    products: Type.Array(Type.Enum([...PRODUCTS]), { minItems: 1, uniqueItems: true }),
    funding: Type.Array(FundingPointSchema, { minItems: 1, description: 'By rising date' }),
    opexRatio: Type.Number({ minimum: 0, maximum: 1, description: 'Cost of running a loan, of its principal' }),
    averageBalance: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Share of the principal owed on average: 0.561 of a year in equal instalments at 24 %'
    }),
    lossGivenDefault: RatioSchema,
    exposureAtDefault: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the principal owed at default' }),
    capitalRatio: RatioSchema,
    returnOnEquity: RatioSchema,
    marginRatio: RatioSchema,
    tick: Type.Number({ minimum: 0.0001, maximum: 0.1, description: 'Prices are rounded up to a multiple of it' }),
    floor: RatioSchema,
    grid: Type.Array(PriceRowSchema, { minItems: 1 })
  },
  strict
)
export type Pricing = Static<typeof PricingSchema>

const PartnerSchema = Type.Object(
  {
    partner: Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$' }),
    from: Type.Union([DateSchema, Type.Null()]),
    to: Type.Union([DateSchema, Type.Null()], { description: 'The last day still counts; null is open' })
  },
  {
    ...strict,
    description: 'Who may lend with us, and when: a product whose partner is not on the list offers nothing'
  }
)

/** Fields of a policy that say how prices come about and who lends. A policy without them has the bands’ fixed rates. */
export const PRICE_FIELDS = {
  lpr: Type.Optional(
    Type.Array(LprPointSchema, {
      minItems: 1,
      description:
        'The 1-year loan prime rate by rising date. It stands here, so that the policy’s hash covers its prices'
    })
  ),
  pricing: Type.Optional(Type.Array(PricingSchema, { minItems: 1 })),
  partners: Type.Optional(Type.Array(PartnerSchema))
} as const
