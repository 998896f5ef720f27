import { type Static, Type } from 'typebox'
import { TermSchema } from './application.ts'
import { CostDisclosureSchema } from './cost-disclosure.ts'
import { ApplicationIdSchema, DecisionIdSchema } from './ids.ts'
import { amountSchema, CurrencySchema } from './money.ts'
import { NextActionSchema } from './next-actions.ts'
import { MAX_REASONS, REASON_CODES } from './reasons.ts'
import { DAY_BASES, REPAYMENT_METHODS } from './schedule-methods.ts'

export const OUTCOMES = ['APPROVE', 'REFER', 'DECLINE'] as const
export type Outcome = (typeof OUTCOMES)[number]

export const BINDING_CONSTRAINTS = [
  'PRODUCT',
  'BAND',
  'FIRST_LOAN',
  'AFFORDABILITY',
  'STANDING',
  'EXPOSURE',
  'INCOME',
  'EXPECTED_LOSS',
  'SEGMENT',
  'TABLE',
  'BALANCE_CAP',
  'INCOME_THIRD',
  'CONCENTRATION',
  'PARTNER',
  'PORTFOLIO'
] as const

const strict = { additionalProperties: false } as const
const InstantSchema = Type.String({ format: 'date-time' })

const InstalmentSchema = Type.Object(
  {
    no: Type.Integer({ minimum: 1 }),
    dueDate: Type.String({ format: 'date' }),
    principalMinor: amountSchema('Principal part'),
    interestMinor: amountSchema('Interest part'),
    feesMinor: Type.Optional(amountSchema('Fees due with it; absent where the product has none')),
    totalMinor: amountSchema('To pay'),
    balanceMinor: amountSchema('Left after this instalment')
  },
  strict
)

const FundingPartSchema = Type.Object(
  { partner: Type.String(), share: Type.Number(), amountMinor: amountSchema('Its part of the amount') },
  strict
)

export const OfferSchema = Type.Object(
  {
    offerId: Type.String(),
    amountMinor: amountSchema('Borrowed; paid out in full but for fees up front', 1),
    currency: CurrencySchema,
    term: TermSchema,
    repaymentMethod: Type.Enum([...REPAYMENT_METHODS]),
    apr: Type.Object(
      {
        nominal: Type.Number({ description: 'The rate a period times the periods of a year' }),
        effective: Type.Number({ description: 'The same, compounded' }),
        method: Type.Enum(['IRR', 'XIRR'], { description: 'XIRR counts actual days over 365, for daily accrual' })
      },
      { ...strict, description: 'All-in annual rates as ratios, with every fee: 0.18 is 18 %' }
    ),
    totalInterestMinor: amountSchema('Interest over the whole term'),
    totalRepayableMinor: amountSchema('All instalments together'),
    schedule: Type.Array(InstalmentSchema),
    daily: Type.Optional(
      Type.Object(
        { rate: Type.Number({ description: 'Interest a day' }), yearDays: Type.Enum([...DAY_BASES]) },
        { ...strict, description: 'Of daily accrual: interest is the sum of each day’s balance times the rate' }
      )
    ),
    receivedMinor: Type.Optional(amountSchema('Paid out after fees up front; absent where that is the amount')),
    totalFeesMinor: Type.Optional(amountSchema('All fees, up front and each period')),
    totalCostMinor: Type.Optional(amountSchema('Interest and fees')),
    expiresAt: Type.Optional(InstantSchema),
    costDisclosure: Type.Optional(CostDisclosureSchema),
    fundingSplit: Type.Optional(
      Type.Array(FundingPartSchema, { description: 'Who lends how much; shares sum to 1, amounts to the amount' })
    )
  },
  strict
)
export type Offer = Static<typeof OfferSchema>

const LimitSchema = Type.Object(
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
    nextActions: Type.Optional(
      Type.Array(NextActionSchema, { description: 'Of a referral: checks that let the application go on' })
    ),
    trace: Type.Object(
      {
        policy: Type.String({ description: 'version@sha256 of the policy file' }),
        rulePacks: Type.Optional(Type.Array(Type.String(), { description: 'id-version@sha256 of each rule pack' })),
        models: Type.Record(Type.String(), Type.String(), { description: 'role: version@sha256 of the model' }),
        featureSet: Type.String({ description: 'Fingerprint of the feature catalogue' }),
        degraded: Type.Array(Type.String(), { description: 'What was missing or bounded while deciding' })
      },
      strict
    ),
    round: Type.Optional(
      Type.Integer({ minimum: 2, description: 'Which decision of the application; absent on the first' })
    ),
    previousDecisionId: Type.Optional(DecisionIdSchema),
    decidedBy: Type.Optional(Type.Literal('HUMAN', { description: 'Absent where no person decided' })),
    links: Type.Object(
      {
        self: Type.String(),
        explanation: Type.Optional(Type.String()),
        review: Type.Optional(Type.String({ description: 'Where the borrower asks for a person to decide' })),
        notice: Type.Optional(Type.String({ description: 'The adverse action notice' })),
        evidence: Type.Optional(Type.String({ description: 'Where evidence of the next actions is given' }))
      },
      strict
    )
  },
  { ...strict, $id: 'Decision' }
)
export type Decision = Static<typeof DecisionSchema>
