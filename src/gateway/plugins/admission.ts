import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AssayError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyReply {
    admitted: boolean
  }
  interface FastifyContextConfig {
    /** Whether the route counts towards what may be in progress at once. */
    admitted?: boolean
  }
}

export interface AdmissionOptions {
  readonly maxInFlight: number
  readonly onInFlight: (inFlight: number) => void
  readonly onShed: (route: string) => void
}

/** Bounds what is in progress: past the limit an answer in a moment beats one after the deadline. */
export const admission = fp<AdmissionOptions>(
  async (app: FastifyInstance, { maxInFlight, onInFlight, onShed }) => {
    let inFlight = 0
    app.decorateReply('admitted', false)
    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.admitted !== true) return done()
      if (inFlight >= maxInFlight) {
        onShed(request.routeOptions.url ?? 'unmatched')
        return done(new AssayError('overloaded', 'try again in a moment', { retryAfterSeconds: 1 }))
      }
      onInFlight(++inFlight)
      reply.admitted = true
      done()
    })
    // Runs once for every reply, also when the client went away.
    app.addHook('onResponse', (_request, reply, done) => {
      if (reply.admitted) onInFlight(--inFlight)
      done()
    })
  },
  { name: 'admission', dependencies: ['authentication'] }
)
