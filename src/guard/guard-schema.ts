import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'

const strict = { additionalProperties: false } as const
/** More than one loan may be. */
const Sum = (description: string) => Type.Integer({ minimum: 1, description })
const Id = Type.String({ pattern: '^[a-z][a-z0-9-]{0,47}$' })

/**
 * What is watched. Of decisions: budget_share (approved today by the budget), above_4lpr_share (of new principal, a week),
 * approval_rate, refusal_rate and mean_pd (of this hour and the last), partner_share and funder_share (of new principal,
 * a week). Of the loan book: fpd30_level, fpd30_rise, over30_mob3_rise, roll_m1_m2_rise, over90_share, borrower_share.
 */
export const MEASURES = [
  'budget_share',
  'above_4lpr_share',
  'approval_rate',
  'refusal_rate',
  'mean_pd',
  'partner_share',
  'funder_share',
  'fpd30_level',
  'fpd30_rise',
  'over30_mob3_rise',
  'roll_m1_m2_rise',
  'over90_share',
  'borrower_share'
] as const
export type Measure = (typeof MEASURES)[number]

const GuardActionSchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('none') }, { ...strict, description: 'Tells, and changes nothing' }),
    Type.Object(
      {
        kind: Type.Literal('tighten'),
        target: Type.Enum(['product', 'partner']),
        limitShare: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })
      },
      { ...strict, description: 'New limits are this share of what they would be' }
    ),
    Type.Object(
      { kind: Type.Literal('pause'), target: Type.Enum(['product', 'partner']) },
      { ...strict, description: 'Nothing is approved: it goes to a person, with reason R902' }
    )
  ],
  { description: 'What a red value sets off' }
)

const GuardRuleSchema = Type.Object(
  {
    id: Id,
    measure: Type.Enum([...MEASURES]),
    amber: Type.Number({ description: 'From this value on it is told' }),
    red: Type.Number({ description: 'From this value on it acts' }),
    minCount: Type.Integer({ minimum: 1, description: 'Decisions or loans below which nothing is judged' }),
    action: GuardActionSchema,
    until: Type.Enum(['released', 'day_end'], { description: 'How long what it did lasts if nobody releases it' })
  },
  strict
)
export type GuardRule = Static<typeof GuardRuleSchema>

/** policies/guard.json */
export const GuardPolicySchema = Type.Object(
  {
    version: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,31}$' }),
    utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, description: 'Zone of its days' }),
    fourTimesLpr: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'The price above which principal is counted'
    }),
    budgetMinor: Type.Partial(
      Type.Object(
        Object.fromEntries(PRODUCTS.map((product) => [product, Sum('Approved a day at most')])) as Record<
          (typeof PRODUCTS)[number],
          ReturnType<typeof Sum>
        >,
        strict
      )
    ),
    netAssetsMinor: Type.Optional(Sum('Of the lender, for concentration')),
    holdHours: Type.Integer({
      minimum: 1,
      maximum: 720,
      description: 'How long a rule does not act again after a release'
    }),
    rules: Type.Array(GuardRuleSchema, { minItems: 1, maxItems: 64 })
  },
  { ...strict, title: 'Portfolio guard' }
)
export type GuardPolicy = Static<typeof GuardPolicySchema>
