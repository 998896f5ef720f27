import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'

export interface AdminPages {
  /** Where they are, such as /queues. */
  readonly basePath: string
  /** Never empty. */
  readonly adminKey: string
  readonly plugin: FastifyPluginCallback
}

/** What a page may load: nothing from elsewhere, and in no frame of another site. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Pages on a private port for whoever holds the admin key: as a Bearer token, or as the password of HTTP Basic with any
 * name, so that a browser asks for it. 401 without it, 403 for a change that another site had the browser make.
 */
export const adminPages: FastifyPluginAsync<AdminPages> = async (ops, { basePath, adminKey, plugin }) => {
  const isAdmin = createAdminCheck(adminKey)
  ops.addHook('onRequest', async (request, reply) => {
    headersOf(reply)
    if (!isAdmin(request.headers.authorization)) {
      return reply
        .code(401)
        .header('www-authenticate', 'Basic realm="Assay", charset="UTF-8"')
        .send('An admin key is needed.\n')
    }
    if (!READING.has(request.method) && !isOwnPage(request)) return reply.code(403).send('Not from another site.\n')
  })
  await ops.register(plugin, { prefix: basePath })
}

/** Whether an Authorization header has the key. Digests are compared, so that neither length nor prefix shows in the time. */
export function createAdminCheck(adminKey: string): (authorization: string | undefined) => boolean {
  const expected = digestOf(adminKey)
  return (authorization) => timingSafeEqual(digestOf(keyIn(authorization) ?? ''), expected) && adminKey !== ''
}

function keyIn(authorization = ''): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1 ? undefined : pair.slice(colon + 1)
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/**
 * A browser sends a Basic password along with whatever any site makes it ask for, but says which site that was. A program
 * with a Bearer token says neither and is nobody’s browser.
 */
function isOwnPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const { origin, host } = headers
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === host
  return /^bearer /i.test(headers.authorization ?? '')
}

function headersOf(reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': PAGE_POLICY,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff'
  })
}
