import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Clock } from '../../clock.ts'
import { DecisionIdSchema } from '../../domain/ids.ts'
import { EvidenceSchema } from '../../domain/next-actions.ts'
import type { GiveEvidence } from '../../reviews/give-evidence.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export interface EvidenceRoutesOptions {
  readonly giveEvidence: GiveEvidence
  readonly clock: Pick<Clock, 'nowMs'>
}

/** The borrower has done what a decision asked for. */
export const evidenceRoutes: FastifyPluginAsyncTypebox<EvidenceRoutesOptions> = async (app, options) => {
  const { giveEvidence, clock } = options

  app.post(
    '/v1/decisions/:decisionId/evidence',
    {
      config: { scope: 'decisions', admitted: 'decisions' },
      schema: {
        summary: 'Give what the next actions of a decision ask for',
        description:
          'That a check was passed, by the id it has where it was made; no document. Answers the next decision of the ' +
          'application; the same evidence again returns the same bytes with Idempotent-Replay: true.',
        params: Type.Object({ decisionId: DecisionIdSchema }),
        body: EvidenceSchema,
        response: { 200: Type.Unsafe<string>({ $ref: 'Decision#' }), ...problemResponses(400, 404, 409, 413, 415, 429) }
      }
    },
    async (request, reply) => {
      const { deadlineAtMs, body } = request
      const { tenant } = principalOf(request)
      const { decisionId } = request.params
      const nowMs = clock.nowMs()
      const { answer, replay } = await giveEvidence({ tenant, decisionId, given: body, nowMs, deadlineAtMs })
      if (replay) reply.header('idempotent-replay', 'true')
      return sendJson(reply, answer)
    }
  )
}

/** Stored bytes go out as they are: no serialiser touches them. */
function sendJson(reply: FastifyReply, json: string | Buffer): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(json)
}
