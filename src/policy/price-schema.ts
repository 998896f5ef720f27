import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false } as const
const RatioSchema = Type.Number({ minimum: 0, maximum: 1 })

/** One band of the score scale: what becomes of it, at which price and up to which amount. */
export const BandSchema = Type.Object(
  {
    band: Type.String({ pattern: '^[A-Z]$' }),
    pdBelow: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    action: Type.Enum(['APPROVE', 'REFER', 'DECLINE']),
    nominalRate: Type.Union([RatioSchema, Type.Null()], { description: 'Price a year; null where nothing is offered' }),
    limitShare: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the product’s maximum' })
  },
  strict
)
export type Band = Static<typeof BandSchema>

/** Fields of a policy that say how a price comes about. All optional: a policy without them has the bands’ fixed rates. */
export const PRICE_FIELDS = {} as const
