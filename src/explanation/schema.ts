import { type Static, Type } from 'typebox'
import { TermSchema } from '../domain/application.ts'
import { OUTCOMES, ReasonSchema, ScoreSchema } from '../domain/decision.ts'
import { DecisionIdSchema } from '../domain/ids.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { REASON_CODES } from '../domain/reasons.ts'
import { UNITS } from '../features/definition.ts'

const strict = { additionalProperties: false } as const
const TextSchema = Type.Object({ zh: Type.String(), en: Type.String() }, strict)
const ValueSchema = Type.Union([Type.Number(), Type.Null()])
const ContributionSchema = Type.Number({
  description: 'Log-odds of default that it adds against the reference applicant; above 0 it hurt, below 0 it helped'
})

const GroupSchema = Type.Object(
  { code: Type.Enum(REASON_CODES), text: TextSchema, contribution: ContributionSchema },
  {
    ...strict,
    description: 'The features of one reason together; the text says what hurt where the contribution is above 0'
  }
)

const FeatureSchema = Type.Object(
  {
    name: Type.String(),
    meaning: Type.String(),
    unit: Type.Enum([...UNITS]),
    group: Type.Enum(REASON_CODES),
    value: Type.Union(ValueSchema.anyOf, { description: 'As scored; null is missing' }),
    reference: Type.Optional(
      Type.Union(ValueSchema.anyOf, {
        description:
          'What the reference applicant has; null is missing, left out where a scorecard has an input of its own'
      })
    ),
    contribution: ContributionSchema
  },
  strict
)

const AttributionSchema = Type.Object(
  {
    model: Type.String({ description: 'version@sha256 of the model that scored' }),
    by: Type.Enum(['model', 'scorecard'], {
      description: 'What gave the score: the model, or its scorecard in its place'
    }),
    source: Type.Enum(['recorded', 'computed'], {
      description: 'Kept with the decision, or computed now by the same model from the kept features'
    }),
    margin: Type.Number({ description: 'Log-odds of default' }),
    referenceMargin: Type.Number({
      description: 'The same of the reference applicant; with all contributions it is the margin, within 1e-6'
    }),
    groups: Type.Array(GroupSchema, { description: 'What hurt most first' }),
    features: Type.Array(FeatureSchema, { description: 'What hurt most first' })
  },
  strict
)

const ChangeSchema = Type.Object(
  {
    change: Type.Enum(['amount', 'term', 'amountAndTerm'], { description: 'What differs from the application' }),
    amountMinor: amountSchema('Amount to ask for; it would have been approved in full', 1),
    currency: CurrencySchema,
    term: TermSchema
  },
  strict
)

export const CHANGE_STATUSES = ['found', 'none', 'notNeeded', 'omitted'] as const
export const CHANGE_CAUSES = ['otherCause', 'noUsableScore', 'policyNotHere', 'notReproduced'] as const

const ChangesSchema = Type.Object(
  {
    status: Type.Enum([...CHANGE_STATUSES]),
    cause: Type.Union([Type.Enum([...CHANGE_CAUSES]), Type.Null()], {
      description:
        'Why there are none: something that neither amount nor term changes, no usable score, another policy now, or a decision that is not reached again'
    }),
    exact: Type.Boolean({ description: 'False where not everything could be tried: a smaller change may exist' }),
    items: Type.Array(ChangeSchema)
  },
  {
    ...strict,
    description:
      'The smallest changes of amount or term with which the application would have been approved; both only where neither alone does. Only what a person can choose at once'
  }
)

export const ExplanationSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    decision: Type.Enum([...OUTCOMES]),
    reasons: Type.Array(ReasonSchema),
    score: Type.Union([ScoreSchema, Type.Null()]),
    attribution: Type.Union([AttributionSchema, Type.Null()], {
      description: 'Null where no score entered the decision'
    }),
    changes: ChangesSchema,
    notices: Type.Array(Type.Object({ of: Type.Enum(['credit', 'scorecard', 'fraud']), text: Type.String() }, strict), {
      description: 'What must be known of the models that looked at the application'
    }),
    links: Type.Object({ self: Type.String(), decision: Type.String() }, strict)
  },
  { ...strict, $id: 'Explanation' }
)
export type Explanation = Static<typeof ExplanationSchema>
export type Attribution = Static<typeof AttributionSchema>
export type Changes = Static<typeof ChangesSchema>
