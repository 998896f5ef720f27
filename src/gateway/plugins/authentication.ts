import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { PartnerKeys, Principal, Scope } from '../../access/partner-keys.ts'
import type { Clock } from '../../clock.ts'
import { endBy } from '../../decisions/end-by.ts'
import { AssayError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
  interface FastifyContextConfig {
    /** What a key must allow to use the route, one of them where several; 'any' is any valid key, 'none' is none. */
    scope?: Scope | readonly Scope[] | 'any' | 'none'
  }
}

const BEARER = /^Bearer ([\x21-\x7e]{1,256})$/

export interface AuthenticationOptions {
  readonly partnerKeys: PartnerKeys
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** The longest deadline there is. */
const MAX_WAIT_MS = 99_999

/**
 * Every route needs a valid key unless it says `scope: 'none'`; a route that says nothing needs any key, so that a
 * forgotten declaration closes a door and opens none. Runs before the body is read.
 */
export const authentication = fp<AuthenticationOptions>(
  async (app: FastifyInstance, { partnerKeys, clock }) => {
    app.decorateRequest('principal', null)
    app.addHook('onRequest', (request, _reply, done) => {
      const scope = request.routeOptions.config.scope ?? 'any'
      if (scope === 'none') return done()
      const key = BEARER.exec(request.headers.authorization ?? '')?.[1]
      if (key === undefined) return done(new AssayError('unauthorized', 'send Authorization: Bearer <key>'))
      const cached = partnerKeys.verifyCached(key)
      if (cached !== undefined) return done(admit(request, cached, scope))
      // A header that says nothing usable is told of later, to whom the key lets in.
      const waitMs = (request.deadlineAtMs || Number.POSITIVE_INFINITY) - clock.monotonicMs()
      endBy(partnerKeys.verify(key), Math.min(MAX_WAIT_MS, waitMs)).then(
        (principal) => done(admit(request, principal, scope)),
        done
      )
    })
  },
  { name: 'authentication', dependencies: ['deadline'] }
)

function admit(
  request: FastifyRequest,
  principal: Principal | 'refused',
  scope: Scope | readonly Scope[] | 'any'
): Error | undefined {
  if (principal === 'refused') return new AssayError('unauthorized', 'the key is not known or was revoked')
  if (scope !== 'any') {
    const enough = typeof scope === 'string' ? [scope] : scope
    if (!enough.some((each) => principal.scopes.includes(each)))
      return new AssayError('forbidden', `the key lacks the scope ${enough.join(' or ')}`)
  }
  request.principal = principal
  return undefined
}

/** The principal of an authenticated route. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new AssayError('internal_error', 'a route without authentication asked who is asking')
  return principal
}
