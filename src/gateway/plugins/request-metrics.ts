import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PRODUCTS } from '../../domain/application.ts'
import type { Metrics } from '../../metrics.ts'

/** Duration of decision requests, from the first byte read to the answer written, by product. */
export const requestMetrics = fp<{ readonly metrics: Metrics }>(
  async (app: FastifyInstance, { metrics }) => {
    const duration = metrics.histogram('credit_decision_duration_seconds')
    const byProduct = new Map<unknown, ReturnType<typeof duration.labels>>()
    for (const product of PRODUCTS) byProduct.set(product, duration.labels({ product, path: 'auto' }))
    app.addHook('onResponse', (request, reply, done) => {
      if (request.routeOptions.url === '/v1/decisions' && reply.statusCode === 200) {
        const { product } = request.body as { product?: unknown }
        byProduct.get(product)?.observe(reply.elapsedTime / 1000)
      }
      done()
    })
  },
  { name: 'request-metrics' }
)
