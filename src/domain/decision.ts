import { type Static, Type } from 'typebox'
import { TermSchema } from './application.ts'
import { ApplicationIdSchema, DecisionIdSchema } from './ids.ts'
import { amountSchema, CurrencySchema } from './money.ts'
import { MAX_REASONS, REASON_CODES } from './reasons.ts'
import { REPAYMENT_METHODS } from './schedule-methods.ts'

export const OUTCOMES = ['APPROVE', 'REFER', 'DECLINE'] as const
export type Outcome = (typeof OUTCOMES)[number]

export const BINDING_CONSTRAINTS = ['PRODUCT', 'BAND', 'FIRST_LOAN', 'AFFORDABILITY'] as const

const strict = { additionalProperties: false } as const
const InstantSchema = Type.String({ format: 'date-time' })

const InstalmentSchema = Type.Object(
  {
    no: Type.Integer({ minimum: 1 }),
    dueDate: Type.String({ format: 'date' }),
    principalMinor: amountSchema('Principal part'),
    interestMinor: amountSchema('Interest part'),
    totalMinor: amountSchema('To pay'),
    balanceMinor: amountSchema('Left after this instalment')
  },
  strict
)

export const OfferSchema = Type.Object(
  {
    offerId: Type.String(),
    amountMinor: amountSchema('Paid out in full', 1),
    currency: CurrencySchema,
    term: TermSchema,
    repaymentMethod: Type.Enum([...REPAYMENT_METHODS]),
    apr: Type.Object(
      {
        nominal: Type.Number({ description: 'Internal rate of return a period times the periods of a year' }),
        effective: Type.Number({ description: 'The same, compounded' }),
        method: Type.Literal('IRR')
      },
      { ...strict, description: 'Annual rates as ratios: 0.18 is 18 %' }
    ),
    totalInterestMinor: amountSchema('Interest over the whole term'),
    totalRepayableMinor: amountSchema('All instalments together'),
    schedule: Type.Array(InstalmentSchema)
  },
  strict
)
export type Offer = Static<typeof OfferSchema>

export const LimitSchema = Type.Object(
  {
    currency: CurrencySchema,
    amountMinor: amountSchema('The most that could be granted now'),
    bindingConstraint: Type.Enum([...BINDING_CONSTRAINTS])
  },
  strict
)
export type Limit = Static<typeof LimitSchema>

export const ReasonSchema = Type.Object(
  {
    code: Type.Enum(REASON_CODES),
    rank: Type.Integer({ minimum: 1, maximum: MAX_REASONS }),
    text: Type.Object({ zh: Type.String(), en: Type.String() }, strict)
  },
  strict
)

export const ScoreSchema = Type.Object(
  {
    pd: Type.Number({ description: 'Probability of default' }),
    points: Type.Integer({ description: 'Scorecard points; more is better' }),
    band: Type.String()
  },
  strict
)
export type Score = Static<typeof ScoreSchema>

/** What the service answers and stores, byte for byte. */
export const DecisionSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    applicationId: ApplicationIdSchema,
    decision: Type.Enum([...OUTCOMES]),
    decidedAt: InstantSchema,
    validUntil: Type.Union([InstantSchema, Type.Null()], { description: 'Offers end here; null without offers' }),
    score: Type.Union([ScoreSchema, Type.Null()], { description: 'Null when no usable score entered the decision' }),
    limit: Type.Union([LimitSchema, Type.Null()]),
    offers: Type.Array(OfferSchema),
    reasons: Type.Array(ReasonSchema, { maxItems: MAX_REASONS }),
    trace: Type.Object(
      {
        policy: Type.String({ description: 'version@sha256 of the policy file' }),
        models: Type.Record(Type.String(), Type.String(), { description: 'role: version@sha256 of the model' }),
        featureSet: Type.String({ description: 'Fingerprint of the feature catalogue' }),
        degraded: Type.Array(Type.String(), { description: 'What was missing or bounded while deciding' })
      },
      strict
    ),
    links: Type.Object({ self: Type.String() }, strict)
  },
  { ...strict, $id: 'Decision' }
)
export type Decision = Static<typeof DecisionSchema>
