import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DecisionIdSchema } from '../../domain/ids.ts'
import { AssayError } from '../../errors.ts'
import type { FinishReview } from '../../reviews/finish-review.ts'
import {
  ApproveSchema,
  DeclineSchema,
  type Finish,
  REVIEW_CAUSES,
  REVIEW_STATES,
  RequestSchema,
  ReturnSchema,
  type Review
} from '../../reviews/review.ts'
import type { ReviewQueue } from '../../reviews/review-queue.ts'
import type { ReviewPlace } from '../../reviews/store.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export interface ReviewRoutesOptions {
  readonly queue: ReviewQueue
  readonly finish: FinishReview
}

const MAX_PAGE = 50
const ReviewRef = Type.Unsafe<Review>({ $ref: 'Review#' })
const DecisionRef = Type.Unsafe<string>({ $ref: 'Decision#' })
const ParamsSchema = Type.Object({ decisionId: DecisionIdSchema })
const CURSOR = /^(\d{1,15})\.([0-9a-f-]{36})$/

const QuerySchema = Type.Object(
  {
    state: Type.Optional(Type.Enum([...REVIEW_STATES], { description: 'Without it all that are not done' })),
    cause: Type.Optional(Type.Enum([...REVIEW_CAUSES])),
    limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-4][0-9]|50)$', description: `At most ${MAX_PAGE}` })),
    after: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the page before' }))
  },
  { additionalProperties: false }
)
const PageSchema = Type.Object({
  reviews: Type.Array(ReviewRef, { description: 'Those due first come first; of done ones the newest' }),
  next: Type.Optional(Type.String({ description: 'Send it as `after`; absent on the last page. A page may be short' }))
})

/** What people look at, and what they say of it. */
export const reviewRoutes: FastifyPluginAsyncTypebox<ReviewRoutesOptions> = async (app, { queue, finish }) => {
  const config = { scope: 'reviews' } as const

  app.get(
    '/v1/reviews',
    {
      config,
      schema: {
        summary: 'List what waits for a person',
        querystring: QuerySchema,
        response: { 200: PageSchema, ...problemResponses(400) }
      }
    },
    async (request) => {
      const { state, cause, limit, after } = request.query
      const place = after === undefined ? undefined : readCursor(after)
      const count = limit === undefined ? MAX_PAGE : Number(limit)
      const page = await queue.list(principalOf(request).tenant, { state, cause, after: place, limit: count })
      return { reviews: [...page.reviews], ...(page.next && { next: `${page.next.atMs}.${page.next.decisionId}` }) }
    }
  )

  app.get(
    '/v1/reviews/:decisionId',
    {
      config,
      schema: {
        summary: 'Read a review',
        params: ParamsSchema,
        response: { 200: ReviewRef, ...problemResponses(400, 404) }
      }
    },
    async (request) => queue.read(principalOf(request).tenant, request.params.decisionId)
  )

  app.post(
    '/v1/reviews/:decisionId/claim',
    {
      config,
      schema: {
        summary: 'Take a review for a while, or for a while longer',
        params: ParamsSchema,
        response: { 200: ReviewRef, ...problemResponses(400, 404, 409) }
      }
    },
    async (request) => queue.claim(principalOf(request).tenant, request.params.decisionId, reviewerOf(request))
  )

  const response = {
    200: DecisionRef,
    202: ReviewRef,
    ...problemResponses(400, 404, 409, 413, 415)
  }
  const end = async (request: FastifyRequest, reply: FastifyReply, decisionId: string, what: Finish) => {
    const { tenant } = principalOf(request)
    const result = await finish(tenant, decisionId, reviewerOf(request), what)
    if (result.kind === 'second') return reply.code(202).send(await queue.read(tenant, decisionId))
    if (result.replay) reply.header('idempotent-replay', 'true')
    return reply.header('content-type', 'application/json; charset=utf-8').send(result.answer)
  }

  app.post(
    '/v1/reviews/:decisionId/approve',
    {
      config,
      schema: {
        summary: 'Approve, within what the policy lets a person approve',
        description:
          'Answers the new decision of the application; 202 with the review where the amount needs a second person.',
        params: ParamsSchema,
        body: ApproveSchema,
        response
      }
    },
    (request, reply) => end(request, reply, request.params.decisionId, { action: 'approve', ...request.body })
  )
  app.post(
    '/v1/reviews/:decisionId/decline',
    {
      config,
      schema: {
        summary: 'Decline, for reasons that the borrower is told',
        description: 'Answers the new decision of the application.',
        params: ParamsSchema,
        body: DeclineSchema,
        response
      }
    },
    (request, reply) => end(request, reply, request.params.decisionId, { action: 'decline', ...request.body })
  )
  app.post(
    '/v1/reviews/:decisionId/return',
    {
      config,
      schema: {
        summary: 'Give it back to the borrower, who is to send evidence',
        description: 'Answers the new decision of the application, with what is asked for as its next actions.',
        params: ParamsSchema,
        body: ReturnSchema,
        response
      }
    },
    (request, reply) => end(request, reply, request.params.decisionId, { action: 'return', ...request.body })
  )

  app.post(
    '/v1/decisions/:decisionId/review-requests',
    {
      config: { scope: 'decisions' },
      schema: {
        summary: 'The borrower asks for a person to decide',
        description:
          'Of a decision made by a program alone that did not grant all. Once; the same again changes nothing.',
        params: ParamsSchema,
        body: RequestSchema,
        response: {
          202: Type.Object({
            decisionId: Type.String(),
            state: Type.Enum([...REVIEW_STATES]),
            requestedAt: Type.String(),
            dueAt: Type.String()
          }),
          ...problemResponses(400, 404, 409, 413, 415, 429)
        }
      }
    },
    async (request, reply) => {
      const { decisionId } = request.params
      const review = await queue.request(principalOf(request).tenant, decisionId, request.body.reasonCode)
      // Who holds it, and what they said so far, is no matter of the front-end.
      const { state, requestedAt = review.createdAt, dueAt } = review
      return reply.code(202).send({ decisionId, state, requestedAt, dueAt })
    }
  )
}

/** The person whose key it is: the scope reviews has one. */
function reviewerOf(request: FastifyRequest): string {
  const { reviewer } = principalOf(request)
  if (reviewer === undefined) throw new AssayError('forbidden', 'the key belongs to no person')
  return reviewer
}

function readCursor(text: string): ReviewPlace {
  const [, atMs, decisionId] = CURSOR.exec(text) ?? []
  if (atMs !== undefined && decisionId !== undefined) return { atMs: Number(atMs), decisionId }
  const problems = [{ field: '/after', problem: 'is not the next of a page' }]
  throw new AssayError('invalid_request', '/after is not the next of a page', { problems })
}
