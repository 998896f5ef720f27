import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { AssayError } from '../../errors.ts'
import { DELIVERY_ID_PATTERN, DeadDeliverySchema, type Deliveries } from '../../webhooks/redis-deliveries.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

const MAX_LISTED = 100

export interface WebhookRoutesOptions {
  readonly deliveries: Pick<Deliveries, 'listDead' | 'resend'>
}

/** Deliveries of webhooks that were given up. */
export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookRoutesOptions> = async (app, { deliveries }) => {
  app.get(
    '/v1/webhooks/deliveries',
    {
      config: { scope: 'webhooks' },
      schema: {
        summary: 'List deliveries that were given up',
        description: `The newest ${MAX_LISTED}. They are kept for 30 days, 1,000 at most.`,
        querystring: Type.Object({ state: Type.Literal('dead') }, { additionalProperties: false }),
        response: { 200: Type.Object({ deliveries: Type.Array(DeadDeliverySchema) }), ...problemResponses(400) }
      }
    },
    async (request) => ({ deliveries: await deliveries.listDead(principalOf(request).tenant, MAX_LISTED) })
  )
  app.post(
    '/v1/webhooks/deliveries/:deliveryId/resend',
    {
      config: { scope: 'webhooks' },
      schema: {
        summary: 'Send a delivery again that was given up',
        description:
          'The same event with the same id, with ten tries anew. It leaves the list; given up again it is back.',
        params: Type.Object({ deliveryId: Type.String({ pattern: DELIVERY_ID_PATTERN }) }),
        response: { 202: Type.Object({ deliveryId: Type.String() }), ...problemResponses(400, 404) }
      }
    },
    async (request, reply) => {
      const { deliveryId } = request.params
      const isQueued = await deliveries.resend(principalOf(request).tenant, deliveryId)
      if (!isQueued) throw new AssayError('not_found', 'no such dead delivery')
      return reply.code(202).send({ deliveryId })
    }
  )
}
