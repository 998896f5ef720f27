import type { FastifyInstance, InjectOptions } from 'fastify'
import { describe, expect, test } from 'vitest'
import { createPartnerKeys, PARTNER_SCOPES, type Scope } from '../../src/access/partner-keys.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { application, buildTestApp, postDecision, type TestApp } from '../support/app.ts'

const OPEN = ['/healthz', '/readyz']

/** The live route table: what find-my-way really matches, so that a route nobody thought of is found too. */
function routesOf(app: FastifyInstance): { method: string; url: string }[] {
  const routes: { method: string; url: string }[] = []
  const path: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const found = /^([│ ]*)(?:├──|└──) (\S*)(?: \(([A-Z, ]+)\))?/.exec(line)
    if (found === null) continue
    const [, indent = '', segment = '', methods = ''] = found
    path.length = indent.length / 4
    path.push(segment)
    for (const method of methods.split(', ').filter(Boolean)) routes.push({ method, url: path.join('') })
  }
  return routes
}

const concrete = (url: string) => url.replace(/:\w+/g, '01a20b04-023e-7032-ba6a-6f2877a5bfec').replace('*', 'x')
const send = (app: FastifyInstance, options: InjectOptions) => app.inject(options)
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

async function keyWith(service: TestApp, scopes: readonly Scope[]) {
  return createPartnerKeys(service.redis, service.keys).create('alpha', scopes, Date.now())
}

describe('nobody without a key gets in', () => {
  test('every route but health answers 401 to no key, a garbage key, a foreign key and a revoked key', async () => {
    const service = await buildTestApp({ docsPage: true })
    const routes = routesOf(service.app)
    for (const url of [
      '/v1/decisions',
      '/v1/decisions/:decisionId',
      '/v1/events',
      '/v1/features',
      '/openapi.json',
      ...OPEN
    ]) {
      expect(
        routes.map((route) => route.url),
        'the table is read rightly'
      ).toContain(url)
    }
    const partnerKeys = createPartnerKeys(service.redis, service.keys)
    const revoked = await partnerKeys.create('alpha', ['decisions', 'events', 'features'], Date.now())
    expect(await partnerKeys.revoke(revoked.keyId, Date.now())).toBe(true)
    const foreign = await createPartnerKeys(service.redis, {
      ...service.keys,
      partnerKeys: () => `${service.keys.prefix}x`
    }).create('alpha', ['decisions', 'events', 'features'], Date.now())
    const valid = service.alpha.authorization.slice('Bearer '.length)
    const flipped = `${valid.slice(0, -10)}${valid.at(-10) === 'A' ? 'B' : 'A'}${valid.slice(-9)}`
    const credentials: Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: valid },
      { authorization: `Basic ${valid}` },
      { authorization: `bearer: ${valid}` },
      { 'x-api-key': valid },
      { cookie: `authorization=Bearer ${valid}` },
      bearer('garbage'),
      bearer(flipped),
      bearer(`${valid}x`),
      bearer(valid.slice(0, -1)),
      bearer('ak_000000000000_0000000000000000000000000000000000000000000'),
      bearer('__proto__'),
      bearer('x'.repeat(4000)),
      bearer(foreign.key),
      bearer(revoked.key)
    ]
    for (const { method, url } of routes.filter((route) => !OPEN.includes(route.url))) {
      for (const headers of credentials) {
        const answer = await send(service.app, { method: method as 'GET', url: concrete(url), headers })
        const what = `${method} ${url} with ${JSON.stringify(headers).slice(0, 60)}`
        expect.soft(answer.statusCode, what).toBe(401)
        expect.soft(answer.headers['www-authenticate'], what).toContain('Bearer')
        if (method !== 'HEAD') expect.soft(answer.json().code, what).toBe('unauthorized')
      }
    }
  })

  test('the key in the query is no key', async () => {
    const { app, alpha } = await buildTestApp()
    const key = alpha.authorization.slice('Bearer '.length)
    expect((await send(app, { url: `/v1/features?key=${key}&access_token=${key}` })).statusCode).toBe(401)
  })

  test('other methods, trailing slashes, doubled slashes and other spellings never answer 200 or 500', async () => {
    const service = await buildTestApp({ docsPage: true })
    const urls = ['/v1/decisions', '/v1/events', '/v1/features', '/openapi.json', '/healthz', '/docs', '/']
    const methods = ['HEAD', 'OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'SEARCH', 'PROPFIND'] as const
    for (const headers of [{}, service.alpha]) {
      for (const url of urls) {
        for (const method of methods) {
          const answer = await send(service.app, { method: method as 'GET', url, headers })
          if (url === '/docs' && method === 'HEAD' && answer.statusCode !== 200) continue
          expect.soft([401, 404, 405], `${method} ${url}: ${answer.statusCode}`).toContain(answer.statusCode)
        }
      }
      for (const url of [
        '/v1/features/',
        '//v1/features',
        '/V1/features',
        '/v1/FEATURES',
        '/v1//features',
        '/v1/features%2f',
        '/%76%31/x',
        '/%',
        '/v1/features%00'
      ]) {
        const answer = await send(service.app, { url, headers })
        expect
          .soft([400, 401, 404, 405], `GET ${url}: ${answer.statusCode} ${answer.body}`)
          .toContain(answer.statusCode)
      }
      const tunnel = { ...headers, 'x-http-method-override': 'POST', 'x-method-override': 'POST' }
      expect([401, 404, 405]).toContain((await send(service.app, { url: '/v1/decisions', headers: tunnel })).statusCode)
    }
  })
})

describe('a key allows what it says and no more', () => {
  test.each([
    ['decisions', 'POST', '/v1/decisions'],
    ['decisions', 'GET', '/v1/decisions/01a20b04-023e-7032-ba6a-6f2877a5bfec'],
    ['events', 'POST', '/v1/events'],
    ['features', 'GET', '/v1/features'],
    ['outcomes', 'POST', '/v1/outcomes'],
    ['webhooks', 'GET', '/v1/webhooks/deliveries?state=dead'],
    ['webhooks', 'POST', '/v1/webhooks/deliveries/evt_0123456789abcdefghijkl.we_0123456789ab/resend']
  ] as const)('without the scope %s, %s %s is 403', async (scope, method, url) => {
    const service = await buildTestApp()
    const others = PARTNER_SCOPES.filter((each) => each !== scope)
    const { key } = await keyWith(service, [...others])
    const answer = await send(service.app, {
      method,
      url,
      headers: bearer(key),
      ...(method === 'POST' && { payload: {} })
    })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'forbidden'])
    expect(answer.json().detail).toContain(scope)
    const { key: allowed } = await keyWith(service, [scope])
    const other = await send(service.app, {
      method,
      url,
      headers: bearer(allowed),
      ...(method === 'POST' && { payload: {} })
    })
    expect([200, 400, 404]).toContain(other.statusCode)
  })

  test('the tenant comes from the key: no header, query or body changes it', async () => {
    const service = await buildTestApp()
    const request = application()
    const posted = await postDecision(service, request, { 'x-tenant': 'beta', 'x-tenant-id': 'beta', tenant: 'beta' })
    expect(posted.statusCode).toBe(200)
    const { self } = posted.json<Decision>().links
    expect((await send(service.app, { url: self, headers: service.alpha })).statusCode).toBe(200)
    for (const url of [self, `${self}?tenant=alpha`]) {
      const headers = { ...service.beta, 'x-tenant': 'alpha', 'x-forwarded-user': 'alpha' }
      expect((await send(service.app, { url, headers })).statusCode).toBe(404)
    }
  })

  test('one partner’s applications and keys mean nothing to another: the same ids decide anew', async () => {
    const service = await buildTestApp()
    const request = application({ device: { deviceId: 'device-1' } })
    const key = { 'idempotency-key': 'same' }
    const [first, second] = [
      await postDecision(service, request, key),
      await postDecision(service, { ...request, amountMinor: 1_000_000 }, { ...key, ...service.beta })
    ]
    expect([first.statusCode, second.statusCode]).toEqual([200, 200])
    expect(second.headers['idempotent-replay']).toBeUndefined()
    expect(second.json<Decision>().decisionId).not.toBe(first.json<Decision>().decisionId)
  })

  test('behaviour that one partner reports is not seen by another', async () => {
    const rows: number[] = []
    const service = await buildTestApp({
      score: (row) => {
        rows.push(row[1] as number)
        return { kind: 'scored', pd: 0.05, contributions: Float64Array.of(0, 0) }
      }
    })
    const device = { deviceId: 'one-phone' }
    await postDecision(service, application({ device }))
    await postDecision(service, application({ device }))
    await postDecision(service, application({ device }), service.beta)
    expect(rows).toEqual([1, 2, 1])
  })
})
