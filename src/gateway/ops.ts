import { setImmediate } from 'node:timers/promises'
import fastify, { type FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics.ts'
import { type AdminPages, adminPages } from './admin-access.ts'
import { healthRoutes } from './routes/health.ts'
import { scrape } from './scrape.ts'

export interface OpsDeps {
  readonly metrics: Metrics
  readonly notReady: () => readonly string[]
  /** Refreshes gauges that are read rather than counted, before each scrape. */
  readonly beforeScrape?: () => Promise<void>
  /** The API whose description is shown here too, for whoever works on this machine. */
  readonly describes?: FastifyInstance
  /** Pages behind the admin key; without it there are none. */
  readonly admin?: AdminPages | undefined
}

/** The private port of a process: metrics, health and, for the gateway, the API’s description. Bind it to loopback. */
export async function buildOps(deps: OpsDeps): Promise<FastifyInstance> {
  const { metrics, notReady, beforeScrape, describes, admin } = deps
  const ops = fastify({ logger: false, exposeHeadRoutes: false, forceCloseConnections: true })
  const { registry } = metrics
  ops.get('/metrics', async (_request, reply) => {
    await beforeScrape?.()
    return reply
      .header('content-type', registry.contentType)
      .send(await scrape({ registry, monotonicMs: () => performance.now(), rest: setImmediate }))
  })
  await ops.register(healthRoutes, { notReady })
  if (describes !== undefined) {
    const { default: scalar } = await import('@scalar/fastify-api-reference')
    ops.get('/openapi.json', () => describes.swagger())
    await ops.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  }
  if (admin !== undefined) await ops.register(adminPages, admin)
  return ops
}
