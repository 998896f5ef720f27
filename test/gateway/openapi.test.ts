import { Validator } from '@seriousme/openapi-schema-validator'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import { application, buildTestApp, type TestApp } from '../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked freely
type Json = Record<string, any>

async function describeApi({ app, alpha }: TestApp): Promise<Json> {
  const answer = await app.inject({ url: '/openapi.json', headers: alpha })
  expect(answer.statusCode).toBe(200)
  return answer.json()
}

/** A schema of the document without references. */
function resolve(document: Json, schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((item) => resolve(document, item))
  if (typeof schema !== 'object' || schema === null) return schema
  if (typeof schema.$ref === 'string') {
    const target = schema.$ref
      .replace('#/', '')
      .split('/')
      .reduce((at: Json, name: string) => at[name], document)
    return resolve(document, target)
  }
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, resolve(document, value as Json)]))
}

/** What is wrong with an answer, by what the document says of its route and status; empty when nothing is. */
function deviations(document: Json, route: Json, answer: Awaited<ReturnType<FastifyInstance['inject']>>): unknown[] {
  const declared = route.responses[String(answer.statusCode)]
  if (declared === undefined) return [`status ${answer.statusCode} is not declared: ${answer.body.slice(0, 120)}`]
  const type = String(answer.headers['content-type']).split(';')[0] as string
  const content = declared.content?.[type]
  if (content === undefined) return [`${answer.statusCode} is not declared as ${type}`]
  const checked = compileCheck(resolve(document, content.schema) as never)(answer.json())
  return checked.ok ? [] : [...checked.problems]
}

let serial = 0
const id = () => `fuzz-${process.pid}-${++serial}`
const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`))
/** What JSON Schema cannot say of a text: an address, an identifier that identifies. */
const BY_NAME: Record<string, () => fc.Arbitrary<unknown>> = {
  applicationId: () => fc.constant(null).map(id),
  ip: () => fc.oneof(fc.ipV4(), fc.constant('2001:db8::1')),
  phone: () => digits(7, 15),
  bankCard: () => digits(12, 19),
  nationalId: () => digits(8, 18),
  email: () => fc.emailAddress().filter((address) => address.length < 255)
}

function valid(schema: Json, name = ''): fc.Arbitrary<unknown> {
  const special = BY_NAME[name]
  if (special !== undefined) return special()
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([key, of]) => [key, valid(of as Json, key)])
      return fc.record(Object.fromEntries(members), { requiredKeys: schema.required ?? [] })
    }
    case 'array':
      return fc.array(valid(schema.items), { maxLength: schema.maxItems ?? 4, minLength: schema.minItems ?? 0 })
    case 'integer':
      return fc.integer({ min: schema.minimum, max: schema.maximum })
    case 'string':
      return fc.stringMatching(new RegExp(schema.pattern))
    default:
      throw new Error(`nothing is known of ${JSON.stringify(schema)}`)
  }
}

/** A valid body with one thing made wrong, or at least strange, at a random place. */
const mutated = (schema: Json) =>
  fc
    .tuple(valid(schema), fc.nat(), fc.constantFrom('replace', 'drop', 'add'), fc.jsonValue({ maxDepth: 3 }))
    .map(([body, at, how, value]) => {
      const copy = structuredClone(body) as Json
      const places: [Json, string][] = []
      const walk = (node: Json) => {
        for (const key of Object.keys(node)) {
          places.push([node, key])
          if (typeof node[key] === 'object' && node[key] !== null) walk(node[key])
        }
      }
      walk(copy)
      const [node, key] = places[at % places.length] as [Json, string]
      if (how === 'drop') delete node[key]
      else if (how === 'replace') node[key] = value
      else node[`${key}2`] = value
      return copy
    })

describe('the OpenAPI document', () => {
  test('is a valid description of version 3.1', async () => {
    const document = await describeApi(await buildTestApp())
    const result = await new Validator().validate(document)
    expect(result.errors).toBeUndefined()
    expect([result.valid, document.openapi.startsWith('3.1')]).toEqual([true, true])
  })

  test('covers every route with a summary, and every route but health names the key', async () => {
    const service = await buildTestApp()
    const { paths, security, components } = await describeApi(service)
    const found = Object.keys(paths).flatMap((path) => Object.keys(paths[path]).map((method) => `${method} ${path}`))
    expect(found.sort()).toEqual([
      'get /healthz',
      'get /readyz',
      'get /v1/applicants/{applicantId}/loans',
      'get /v1/decisions/{decisionId}',
      'get /v1/decisions/{decisionId}/explanation',
      'get /v1/decisions/{decisionId}/notice',
      'get /v1/decisions/{decisionId}/rounds',
      'get /v1/features',
      'get /v1/loans/{loanId}',
      'get /v1/reviews',
      'get /v1/reviews/{decisionId}',
      'get /v1/webhooks/deliveries',
      'post /v1/decisions',
      'post /v1/decisions/{decisionId}/cancel',
      'post /v1/decisions/{decisionId}/evidence',
      'post /v1/decisions/{decisionId}/review-requests',
      'post /v1/events',
      'post /v1/outcomes',
      'post /v1/reviews/{decisionId}/approve',
      'post /v1/reviews/{decisionId}/claim',
      'post /v1/reviews/{decisionId}/decline',
      'post /v1/reviews/{decisionId}/return',
      'post /v1/webhooks/deliveries/{deliveryId}/resend'
    ])
    for (const [path, methods] of Object.entries<Json>(paths)) {
      for (const route of Object.values<Json>(methods)) {
        expect(route.summary, path).toEqual(expect.any(String))
        const open = (route.security ?? security).length === 0
        expect(open, path).toBe(path === '/healthz' || path === '/readyz')
      }
    }
    expect(Object.values<Json>(components.securitySchemes)[0]).toMatchObject({ type: 'http', scheme: 'bearer' })
  })

  test('declares every error that a route can answer, as application/problem+json', async () => {
    const { paths } = await describeApi(await buildTestApp())
    const expected: [path: string, method: string, statuses: number[]][] = [
      ['/v1/decisions', 'post', [400, 401, 403, 409, 413, 415, 422, 429, 503]],
      ['/v1/decisions/{decisionId}', 'get', [401, 403, 404, 503]],
      ['/v1/decisions/{decisionId}/explanation', 'get', [401, 403, 404, 409, 503]],
      ['/v1/events', 'post', [400, 401, 403, 413, 415, 429, 503]],
      ['/v1/features', 'get', [401, 403, 503]],
      ['/v1/outcomes', 'post', [400, 401, 403, 413, 415, 503]],
      ['/v1/webhooks/deliveries', 'get', [400, 401, 403, 503]],
      ['/v1/webhooks/deliveries/{deliveryId}/resend', 'post', [400, 401, 403, 404, 503]]
    ]
    const missing = expected.flatMap(([path, method, statuses]) =>
      statuses.flatMap((status) => {
        const types = Object.keys(paths[path][method].responses[status]?.content ?? {})
        return types.includes('application/problem+json') ? [] : [`${method} ${path} ${status}: ${types}`]
      })
    )
    expect(missing).toEqual([])
  })
})

describe('answers are what the document says', () => {
  test('for every valid application: 200 and a Decision', async () => {
    const service = await buildTestApp()
    const document = await describeApi(service)
    const route = document.paths['/v1/decisions'].post
    const schema = resolve(document, route.requestBody.content['application/json'].schema)
    await fc.assert(
      fc.asyncProperty(valid(schema), async (payload) => {
        const { app, alpha: headers } = service
        const answer = await app.inject({ method: 'POST', url: '/v1/decisions', headers, payload: payload as object })
        expect(answer.statusCode, answer.body).toBe(200)
        expect(deviations(document, route, answer)).toEqual([])
      }),
      { numRuns: 150 }
    )
  })

  test.each(['/v1/decisions', '/v1/events'])('for bodies of %s with something wrong: never 5xx', async (url) => {
    const service = await buildTestApp()
    const document = await describeApi(service)
    const route = document.paths[url].post
    const schema =
      url === '/v1/decisions'
        ? resolve(document, route.requestBody.content['application/json'].schema)
        : resolve(document, document.components.schemas.Event)
    await fc.assert(
      fc.asyncProperty(mutated(schema), async (payload) => {
        const { app, alpha: headers } = service
        const answer = await app.inject({ method: 'POST', url, headers, payload })
        expect(answer.statusCode, answer.body).toBeLessThan(500)
        const { errors } = answer.json()
        if (answer.json().code === 'invalid_request') expect(errors?.length).toBeGreaterThan(0)
        const found = deviations(document, route, answer).filter((each) => !String(each).includes('is not declared'))
        expect(found).toEqual([])
      }),
      { numRuns: 150 }
    )
  })

  test('for features, health, a stored decision and every kind of refusal', async () => {
    const service = await buildTestApp()
    const document = await describeApi(service)
    const { app, alpha: headers } = service
    const request = application()
    const post = (url: string, payload: object | string, more: object = {}) =>
      app.inject({ method: 'POST', url, headers: { ...headers, ...more }, payload })
    const first = await post('/v1/decisions', request)
    const { decisionId } = first.json()
    const event = { eventId: id(), type: 'auth.login', occurredAtMs: Date.now(), applicantId: 'p', data: {} }
    const decisions = document.paths['/v1/decisions'].post
    const reads = document.paths['/v1/decisions/{decisionId}'].get
    const events = document.paths['/v1/events'].post
    const answers: [Json, Awaited<ReturnType<typeof post>>][] = [
      [decisions, first],
      [decisions, await post('/v1/decisions', { ...request, amountMinor: 1 })],
      [decisions, await post('/v1/decisions', {})],
      [decisions, await post('/v1/decisions', 'x', { 'content-type': 'text/plain' })],
      [decisions, await post('/v1/decisions', request, { authorization: 'x' })],
      [reads, await app.inject({ url: `/v1/decisions/${decisionId}`, headers })],
      [reads, await app.inject({ url: '/v1/decisions/none', headers })],
      [reads, await app.inject({ url: `/v1/decisions/${'x'.repeat(65)}`, headers })],
      [events, await post('/v1/events', event)],
      [events, await post('/v1/events', {})],
      [document.paths['/v1/features'].get, await app.inject({ url: '/v1/features', headers })],
      [document.paths['/v1/features'].get, await app.inject('/v1/features')],
      [document.paths['/healthz'].get, await app.inject('/healthz')],
      [document.paths['/readyz'].get, await app.inject('/readyz')]
    ]
    const found = answers.flatMap(([route, answer]) => deviations(document, route, answer))
    expect(found).toEqual([])
  })
})
