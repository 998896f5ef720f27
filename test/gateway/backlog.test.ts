import { expect, test } from 'vitest'
import { readStored } from '../redis/stored.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'

const event = (eventId: string) => ({
  eventId,
  type: 'auth.login',
  occurredAtMs: Date.UTC(2025, 0, 1),
  applicantId: 'person',
  data: {}
})

test('while too many events wait, a post of events is 429 with nothing stored, and decisions go on', async () => {
  let isBacklogged = true
  const service = await buildTestApp({ isBacklogged: () => isBacklogged })
  const post = (payload: object, headers = service.alpha) =>
    service.app.inject({ method: 'POST', url: '/v1/events', headers, payload })
  await post(event('before'), { authorization: 'Bearer nobody' })
  const before = await readStored(service.redis, service.keys.prefix)
  for (const payload of [event('one'), { events: [event('one'), event('two')] }]) {
    const answer = await post(payload)
    expect([answer.statusCode, answer.json().code, answer.json().retryable]).toEqual([429, 'backlog', true])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json().errors).toBeUndefined()
  }
  expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
  expect((await postDecision(service, application())).statusCode).toBe(200)
  isBacklogged = false
  expect((await post(event('one'))).statusCode).toBe(202)
  expect(service.app.inFlight()).toBe(0)
})

test('while too many events wait, who has no key still learns nothing but that', async () => {
  const service = await buildTestApp({ isBacklogged: () => true })
  const answer = await service.app.inject({ method: 'POST', url: '/v1/events', payload: event('one') })
  expect(answer.statusCode).toBe(401)
})
