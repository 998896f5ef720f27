import { type Static, Type } from 'typebox'
import { ApplicationIdSchema, DecisionIdSchema, TenantSchema } from './ids.ts'

export const REVIEW_ACTIONS = ['approve', 'decline', 'return', 'evidence'] as const
/** How a review ended; by `evidence` where the borrower’s evidence led to a new decision without a person. */
export type ReviewAction = (typeof REVIEW_ACTIONS)[number]

const strict = { additionalProperties: false } as const
const MsSchema = Type.Integer({ minimum: 0 })

/** What a decision leaves in the outbox for the reviews: ids only. */
export const ReviewEventSchema = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('review.open'),
      tenant: TenantSchema,
      decisionId: DecisionIdSchema,
      applicationId: ApplicationIdSchema,
      atMs: MsSchema,
      dueAtMs: MsSchema
    },
    { ...strict, description: 'The decision refers to a person' }
  ),
  Type.Object(
    {
      kind: Type.Literal('review.completed'),
      tenant: TenantSchema,
      decisionId: DecisionIdSchema,
      previousDecisionId: DecisionIdSchema,
      action: Type.Enum([...REVIEW_ACTIONS]),
      atMs: MsSchema
    },
    { ...strict, description: 'A later decision took the place of one' }
  )
])
export type ReviewEvent = Static<typeof ReviewEventSchema>
