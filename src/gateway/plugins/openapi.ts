import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const DESCRIPTION = `Decides micro-loan applications: approve, refer or decline, with a limit, offers and reasons.
A decision is durable before it is answered. Money is in integer minor units, rates are ratios a year.`

/** OpenAPI 3.1 from the routes’ own schemas at /openapi.json, and a page to read it at /docs. */
export const openapi = fp<{ readonly version: string; readonly page: boolean }>(
  async (app: FastifyInstance, { version, page }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Assay', version, description: DESCRIPTION },
        components: { securitySchemes: { partnerKey: { type: 'http', scheme: 'bearer' } } },
        security: [{ partnerKey: [] }]
      },
      refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `schema-${index}`) }
    })
    app.get('/openapi.json', { config: { scope: 'any' }, schema: { hide: true } }, () => app.swagger())
    if (page) await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  },
  { name: 'openapi' }
)
