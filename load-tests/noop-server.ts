import fastify from 'fastify'
import { DecisionRequestSchema } from '../src/domain/application.ts'
import { serveParent } from './child.ts'

export interface NoopTask {
  /** Sent as it is, for every request. */
  readonly answer: string
}

export interface NoopAddress {
  readonly port: number
}

/**
 * The ceiling: a Fastify route that validates the decision request like the gateway (same schema, same strict Ajv) and
 * answers the bytes of a real decision, and does nothing else. No key is checked, nothing is read or stored.
 */
async function serve({ answer }: NoopTask): Promise<NoopAddress> {
  const app = fastify({
    logger: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } }
  })
  app.addSchema(DecisionRequestSchema)
  app.post('/v1/decisions', { schema: { body: { $ref: 'DecisionRequest#' } } }, async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(answer)
  )
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: Number(new URL(address).port) }
}

serveParent(serve)
