import { type Static, Type } from 'typebox'
import { CONSENTS, PURPOSES } from '../domain/application.ts'
import type { ScoreFault } from '../inference/scorer.ts'
import { FLOW_FIELDS } from './flow-schema.ts'
import { BandSchema, PRICE_FIELDS } from './price-schema.ts'
import { ProductSchema } from './product-schema.ts'
import { ReviewPolicySchema } from './review-policy.ts'

/** Why a score can be missing although nothing is wrong with the application. */
const SCORE_FAULTS = [
  'SYS_INFERENCE_TIMEOUT',
  'SYS_INFERENCE_UNAVAILABLE',
  'SYS_OVERLOAD'
] as const satisfies readonly ScoreFault[]

const strict = { additionalProperties: false } as const
const RatioSchema = Type.Number({ minimum: 0, maximum: 1 })

const VelocityRuleSchema = Type.Object(
  {
    feature: Type.String(),
    above: Type.Number({ minimum: 0 }),
    action: Type.Enum(['REFER', 'DECLINE'])
  },
  { ...strict, description: 'More than this refers or declines; the reason is R501' }
)

/** A policy file: everything about a decision that a risk officer may change. */
export const PolicySchema = Type.Object(
  {
    version: Type.String({
      pattern: '^(?!(active|guard)$)[a-z0-9][a-z0-9.-]{0,31}$',
      description: 'Also the name of its file: active.json and guard.json are none'
    }),
    products: Type.Array(ProductSchema, { minItems: 1 }),
    minimumAgeYears: Type.Integer({ minimum: 18, maximum: 30 }),
    requiredConsents: Type.Array(Type.Enum([...CONSENTS])),
    prohibitedPurposes: Type.Array(Type.Enum([...PURPOSES])),
    velocity: Type.Array(VelocityRuleSchema),
    bands: Type.Array(BandSchema, { minItems: 1, description: 'By rising pdBelow; the last reaches 1' }),
    firstLoanBand: Type.Optional(
      Type.String({
        pattern: '^[A-Z]$',
        description:
          'The best band of an applicant without an earlier loan: hardly any was among those the model learnt from'
      })
    ),
    fraud: Type.Optional(
      Type.Object(
        { referFromPd: Type.Number({ exclusiveMinimum: 0, maximum: 1 }) },
        { ...strict, description: 'Where the fraud model sends an application to a person. It never declines' }
      )
    ),
    scorecardFor: Type.Optional(
      Type.Array(Type.Enum([...SCORE_FAULTS]), {
        description: 'Faults of the model for which its scorecard decides instead of a person'
      })
    ),
    review: Type.Optional(ReviewPolicySchema),
    maxDebtToIncome: RatioSchema,
    rateCap: Type.Number({
      exclusiveMinimum: 0,
      maximum: 0.36,
      description: 'No offer above it, nominal or effective'
    }),
    offerValidDays: Type.Integer({ minimum: 1, maximum: 90 }),
    ...PRICE_FIELDS,
    ...FLOW_FIELDS
  },
  { ...strict, $id: 'Policy' }
)
export type Policy = Static<typeof PolicySchema>
