import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { application, approve, buildTestApp, postDecision, type TestAppOptions } from '../support/app.ts'

/** A service whose scoring waits until it is let go, with as many decisions in progress as are allowed. */
async function fullService(maxInFlight: number, options: TestAppOptions = {}) {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  let [holds, scoring] = [false, 0]
  const service = await buildTestApp({
    maxInFlight,
    score: async () => {
      scoring++
      if (holds) await held
      return approve()
    },
    ...options
  })
  const fill = async () => {
    holds = true
    const before = scoring
    const filling = Array.from({ length: maxInFlight }, () => postDecision(service, application()).then((it) => it))
    await vi.waitFor(() => expect(scoring).toBe(before + maxInFlight), { interval: 5 })
    return filling
  }
  return { service, fill, letGo }
}

describe('while the service is full', () => {
  test('a repeat with its Idempotency-Key and a read-back are answered, a new application is not', async () => {
    const { service, fill, letGo } = await fullService(2)
    const [request, key] = [application(), { 'idempotency-key': 'known' }]
    const first = await postDecision(service, request, key)
    const filling = await fill()
    const again = await postDecision(service, request, key)
    expect([again.statusCode, again.body, again.headers['idempotent-replay']]).toEqual([200, first.body, 'true'])
    const { self } = first.json<Decision>().links
    expect((await service.app.inject({ url: self, headers: service.alpha })).body).toBe(first.body)
    for (const headers of [{}, { 'idempotency-key': 'new' }, { 'idempotency-key': 'k'.repeat(300) }]) {
      const shed = await postDecision(service, application(), headers)
      expect(shed.json()).toMatchObject({
        status: 503,
        code: 'overloaded',
        retryable: true,
        requestId: expect.any(String)
      })
      expect([shed.statusCode, shed.headers['retry-after']]).toEqual([503, '1'])
      expect(shed.headers['content-type']).toContain('application/problem+json')
    }
    letGo()
    expect((await Promise.all(filling)).map(({ statusCode }) => statusCode)).toEqual([200, 200])
    expect(service.app.inFlight()).toBe(0)
  })

  test('a key of one partner lets another in no more than any', async () => {
    const { service, fill, letGo } = await fullService(1)
    const [request, key] = [application(), { 'idempotency-key': 'known' }]
    await postDecision(service, request, key)
    const filling = await fill()
    const other = await postDecision(service, request, { ...key, ...service.beta })
    expect(other.json().code).toBe('overloaded')
    letGo()
    await Promise.all(filling)
  })

  test('who has no key learns nothing but that, and refusals are counted by their reason', async () => {
    const { service, fill, letGo } = await fullService(4)
    const filling = await fill()
    const nobody = await postDecision(service, application(), { authorization: 'Bearer nobody' })
    expect(nobody.statusCode).toBe(401)
    expect((await postDecision(service, application(), service.beta)).json().code).toBe('overloaded')
    letGo()
    await Promise.all(filling)
    expect(await service.metrics.registry.getSingleMetricAsString('credit_requests_shed_total')).toContain(
      'credit_requests_shed_total{route="/v1/decisions",reason="full"} 1'
    )
  })
})

test('a client that goes away gives its slot back', async () => {
  const { service, fill, letGo } = await fullService(1, { deadlineMs: 100 })
  const address = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const body = JSON.stringify(application())
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.write(
    `POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: ${service.alpha.authorization}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length + 1}\r\n\r\n${body}`
  )
  await vi.waitFor(() => expect(service.app.inFlight()).toBe(1), { interval: 5 })
  socket.destroy()
  await vi.waitFor(() => expect(service.app.inFlight()).toBe(0), { interval: 5 })
  letGo()
  await Promise.all(await fill())
})
