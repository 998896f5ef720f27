import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { DecideResult, DecideService } from '../../decisions/decide.ts'
import { endBy } from '../../decisions/end-by.ts'
import type { DecisionStore } from '../../decisions/store.ts'
import type { DecisionRequest } from '../../domain/application.ts'
import type { Decision } from '../../domain/decision.ts'
import { type Edge, fingerprintOf } from '../../edge/edge.ts'
import { AssayError } from '../../errors.ts'
import type { ReviewStore } from '../../reviews/store.ts'
import { sendProblem } from '../error-handler.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export interface DecisionRoutesOptions {
  readonly decide: DecideService
  readonly store: DecisionStore
  readonly rounds: ReviewStore['rounds']
  readonly edge: Edge
  readonly clock: Clock
  /** Whether Assay-As-Of may set the clock: tests and replays only. */
  readonly allowAsOf: boolean
  readonly onConflict: () => void
}

const IDEMPOTENCY_KEY = /^[A-Za-z0-9._~-]{1,255}$/
const PENDING_RETRY_SECONDS = 1
const RequestRef = Type.Unsafe<DecisionRequest>({ $ref: 'DecisionRequest#' })
const DecisionRef = Type.Unsafe<string>({ $ref: 'Decision#' })
const RoundsSchema = Type.Object({
  applicationId: Type.String(),
  rounds: Type.Array(Type.Object({ round: Type.Integer(), decisionId: Type.String(), link: Type.String() }), {
    description: 'In order; the last one is the decision that counts'
  })
})

/** POST and GET of decisions. */
export const decisionRoutes: FastifyPluginAsyncTypebox<DecisionRoutesOptions> = async (app, options) => {
  const { decide, store, rounds, edge, clock } = options
  const tellSuccessor = async (reply: FastifyReply, tenant: string, answer: string): Promise<void> => {
    const { decisionId, applicationId } = JSON.parse(answer) as Pick<Decision, 'decisionId' | 'applicationId'>
    const link = linkOf(await rounds(tenant, decisionId, applicationId), decisionId)
    if (link !== undefined) reply.header('link', link)
  }

  app.post(
    '/v1/decisions',
    {
      config: { scope: 'decisions', admitted: 'decisions' },
      schema: {
        summary: 'Decide an application',
        description:
          'The same application again returns the same bytes with Idempotent-Replay: true, and the header Link where a later ' +
          'decision took its place; with another content it is 422. ' +
          'The header Assay-Deadline-Ms (1 to 99999) asks for an answer within that time; trace.degraded says what was left out for it.',
        body: RequestRef,
        response: { 200: DecisionRef, ...problemResponses(400, 409, 413, 415, 422, 429) }
      }
    },
    async (request, reply) => {
      const { deadlineAtMs } = request
      const { tenant } = principalOf(request)
      const idempotencyKey = readIdempotencyKey(request)
      const nowMs = readAsOf(request, options) ?? clock.nowMs()
      const application = edge.toApplication(tenant, request.body)
      const applicationJson = JSON.stringify(application)
      const fingerprint = fingerprintOf(applicationJson)
      const result = await decide({ application, applicationJson, fingerprint, idempotencyKey, nowMs, deadlineAtMs })
      if (result.kind === 'decided' && result.replay)
        await endBy(tellSuccessor(reply, tenant, result.answer), deadlineAtMs - clock.monotonicMs())
      return sendResult(reply, result, options)
    }
  )

  app.get(
    '/v1/decisions/:decisionId',
    {
      config: { scope: ['decisions', 'reviews'] },
      schema: {
        summary: 'Read a decision as it was answered',
        description:
          'Where a later decision took its place, the header Link names the next one (successor-version) and the last (latest-version).',
        params: Type.Object({ decisionId: Type.String({ maxLength: 64 }) }),
        response: { 200: DecisionRef, ...problemResponses(400, 404) }
      }
    },
    async (request, reply) => {
      const { tenant } = principalOf(request)
      const { decisionId } = request.params
      const stored = await store.read(tenant, decisionId)
      if (stored === undefined) throw new AssayError('not_found', 'no such decision')
      await tellSuccessor(reply, tenant, stored.answer)
      return sendJson(reply, stored.answer)
    }
  )

  app.get(
    '/v1/decisions/:decisionId/rounds',
    {
      config: { scope: ['decisions', 'reviews'] },
      schema: {
        summary: 'List the decisions of an application, by any of them',
        params: Type.Object({ decisionId: Type.String({ maxLength: 64 }) }),
        response: { 200: RoundsSchema, ...problemResponses(400, 404) }
      }
    },
    async (request) => {
      const { tenant } = principalOf(request)
      const { decisionId } = request.params
      const stored = await store.read(tenant, decisionId)
      if (stored === undefined) throw new AssayError('not_found', 'no such decision')
      const { applicationId } = JSON.parse(stored.answer) as Pick<Decision, 'applicationId'>
      const later = await rounds(tenant, decisionId, applicationId)
      const ids = later.length === 0 ? [decisionId] : later
      return {
        applicationId,
        rounds: ids.map((id, index) => ({ round: index + 1, decisionId: id, link: `/v1/decisions/${id}` }))
      }
    }
  )
}

/** RFC 5829: what came after a decision; undefined for the last one. */
function linkOf(rounds: readonly string[], decisionId: string): string | undefined {
  const next = rounds[rounds.indexOf(decisionId) + 1]
  if (next === undefined || !rounds.includes(decisionId)) return undefined
  const to = (id: string | undefined, rel: string) => `</v1/decisions/${id}>; rel="${rel}"`
  return `${to(next, 'successor-version')}, ${to(rounds.at(-1), 'latest-version')}`
}

function sendResult(reply: FastifyReply, result: DecideResult, { onConflict }: DecisionRoutesOptions): FastifyReply {
  switch (result.kind) {
    case 'decided':
      if (result.replay) reply.header('idempotent-replay', 'true')
      // A text with Chinese in it would be encoded a second time, which takes a tenth of the gateway's thread.
      return sendJson(reply, result.bytes ?? result.answer)
    case 'conflict': {
      onConflict()
      const problems = [{ field: '/applicationId', problem: 'was sent before with another content' }]
      const error = new AssayError('application_conflict', 'send a changed application under a new applicationId', {
        problems
      })
      return sendProblem(reply, error, result.decisionId)
    }
    case 'keyConflict':
      onConflict()
      return sendProblem(reply, new AssayError('idempotency_conflict', 'use a new key for a new request'))
    case 'pending':
      return sendProblem(
        reply,
        new AssayError('application_in_progress', 'ask again in a moment', { retryAfterSeconds: PENDING_RETRY_SECONDS })
      )
    case 'backlog':
      return sendProblem(
        reply,
        new AssayError('backlog', 'events of this entity wait to be folded', { retryAfterSeconds: 1 })
      )
  }
}

/** Stored bytes go out as they are: no serialiser touches them. */
function sendJson(reply: FastifyReply, json: string | Buffer): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(json)
}

function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key
  const problems = [{ field: 'Idempotency-Key', problem: 'must be 1 to 255 of A-Z a-z 0-9 . _ ~ -' }]
  throw new AssayError('invalid_idempotency_key', 'the header is not usable', { problems })
}

function readAsOf(request: FastifyRequest, { allowAsOf }: DecisionRoutesOptions): number | undefined {
  const header = request.headers['assay-as-of']
  if (header === undefined) return undefined
  if (!allowAsOf) throw new AssayError('as_of_not_allowed', 'the header Assay-As-Of needs ALLOW_AS_OF=true')
  if (typeof header === 'string' && /^\d{12,13}$/.test(header)) return Number(header)
  const problems = [{ field: 'Assay-As-Of', problem: 'must be milliseconds since 1970' }]
  throw new AssayError('invalid_request', 'the header Assay-As-Of is not a time', { problems })
}
