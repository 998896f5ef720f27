import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { OUTCOMES, ReasonSchema, ScoreSchema } from '../domain/decision.ts'
import { ApplicationIdSchema, DecisionIdSchema } from '../domain/ids.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { STEP_UPS } from '../domain/next-actions.ts'
import { MAX_REASONS, REASON_CODES } from '../domain/reasons.ts'
import { REVIEW_ACTIONS } from '../domain/review-event.ts'

const strict = { additionalProperties: false } as const
const InstantSchema = Type.String({ format: 'date-time' })

export const REVIEW_STATES = ['open', 'claimed', 'second', 'done'] as const
/** `second`: approved by one person, and waiting for another one’s approval. */
export type ReviewState = (typeof REVIEW_STATES)[number]

/** Why a decision is before a person: the policy referred it, or the borrower asked. */
export const REVIEW_CAUSES = ['REFER', 'REQUEST'] as const
export type ReviewCause = (typeof REVIEW_CAUSES)[number]

/** What a borrower says when asking. */
const REQUEST_CODES = ['INACCURATE_DATA', 'CIRCUMSTANCES_CHANGED', 'DISAGREES', 'OTHER'] as const
const APPROVE_REASONS = [
  'IDENTITY_VERIFIED',
  'AGE_VERIFIED',
  'INCOME_VERIFIED',
  'CONSENT_GIVEN',
  'DATA_CORRECTED',
  'NO_FRAUD_FOUND',
  'POLICY_EXCEPTION'
] as const
const RETURN_REASONS = ['EVIDENCE_MISSING', 'EVIDENCE_UNREADABLE', 'CONSENT_MISSING', 'DATA_CONTRADICTORY'] as const
/** A person declines for a cause of the application, never for a fault of ours. */
const DECLINE_REASONS = REASON_CODES.filter((code) => !code.startsWith('SYS_') && !code.startsWith('R9'))

const NoteCodeSchema = Type.Optional(
  Type.String({ pattern: '^[A-Z][A-Z0-9-]{0,31}$', description: 'A code of the lender’s own list; no text' })
)

export const ApproveSchema = Type.Object(
  {
    reasonCode: Type.Enum([...APPROVE_REASONS]),
    amountMinor: Type.Optional(amountSchema('The most that is granted; without it what was asked for', 1)),
    noteCode: NoteCodeSchema
  },
  strict
)
export const DeclineSchema = Type.Object(
  {
    reasonCodes: Type.Array(Type.Enum(DECLINE_REASONS), { minItems: 1, maxItems: MAX_REASONS, uniqueItems: true }),
    noteCode: NoteCodeSchema
  },
  strict
)
export const ReturnSchema = Type.Object(
  {
    reasonCode: Type.Enum([...RETURN_REASONS]),
    nextActions: Type.Array(Type.Enum([...STEP_UPS]), { minItems: 1, maxItems: 4, uniqueItems: true }),
    noteCode: NoteCodeSchema
  },
  strict
)
export const RequestSchema = Type.Object({ reasonCode: Type.Optional(Type.Enum([...REQUEST_CODES])) }, strict)

export type Finish =
  | ({ readonly action: 'approve' } & Static<typeof ApproveSchema>)
  | ({ readonly action: 'decline' } & Static<typeof DeclineSchema>)
  | ({ readonly action: 'return' } & Static<typeof ReturnSchema>)

/** What a reviewer sees of a review. The decision itself has offers, trace and explanation. */
export const ReviewSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    state: Type.Enum([...REVIEW_STATES]),
    cause: Type.Enum([...REVIEW_CAUSES]),
    requestedAt: Type.Optional(InstantSchema),
    requestCode: Type.Optional(Type.Enum([...REQUEST_CODES])),
    createdAt: InstantSchema,
    dueAt: InstantSchema,
    ageSeconds: Type.Integer({ minimum: 0, description: 'Since it was created, until it was finished' }),
    isOverdue: Type.Boolean(),
    claimedBy: Type.Optional(Type.String()),
    claimedUntil: Type.Optional(InstantSchema),
    firstApproval: Type.Optional(
      Type.Object(
        { by: Type.String(), at: InstantSchema, reasonCode: Type.String(), amountMinor: amountSchema('Granted') },
        strict
      )
    ),
    finished: Type.Optional(
      Type.Object(
        {
          action: Type.Enum([...REVIEW_ACTIONS]),
          by: Type.Optional(Type.String({ description: 'Absent where no person decided' })),
          at: InstantSchema,
          reasonCode: Type.Optional(Type.String()),
          noteCode: NoteCodeSchema,
          nextDecisionId: DecisionIdSchema
        },
        strict
      )
    ),
    decision: Type.Object(
      {
        applicationId: ApplicationIdSchema,
        decision: Type.Enum([...OUTCOMES]),
        product: Type.Enum([...PRODUCTS]),
        amountMinor: amountSchema('Asked for'),
        currency: CurrencySchema,
        reasons: Type.Array(ReasonSchema),
        score: Type.Union([ScoreSchema, Type.Null()])
      },
      strict
    ),
    links: Type.Object({ self: Type.String(), decision: Type.String(), explanation: Type.String() }, strict)
  },
  { ...strict, $id: 'Review' }
)
export type Review = Static<typeof ReviewSchema>
