import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'

const AliveSchema = Type.Object({ status: Type.Literal('alive') })
const ReadySchema = Type.Object({ status: Type.Enum(['ready', 'not_ready']), reasons: Type.Array(Type.String()) })

/**
 * /healthz says that the event loop turns and nothing else, so that an outage of Redis restarts nobody; /readyz says
 * whether a decision could be made now.
 */
export const healthRoutes: FastifyPluginAsyncTypebox<{ readonly notReady: () => readonly string[] }> = async (
  app,
  { notReady }
) => {
  app.get(
    '/healthz',
    { config: { scope: 'none' }, schema: { summary: 'Alive', security: [], response: { 200: AliveSchema } } },
    () => ({ status: 'alive' as const })
  )
  app.get(
    '/readyz',
    {
      config: { scope: 'none' },
      schema: { summary: 'Ready to decide', security: [], response: { 200: ReadySchema, 503: ReadySchema } }
    },
    (_request, reply) => {
      const reasons = [...notReady()]
      reply.code(reasons.length === 0 ? 200 : 503)
      return { status: reasons.length === 0 ? ('ready' as const) : ('not_ready' as const), reasons }
    }
  )
}
