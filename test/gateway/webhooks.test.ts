import { describe, expect, test } from 'vitest'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { createDeliveries } from '../../src/webhooks/redis-deliveries.ts'
import { buildTestApp } from '../support/app.ts'
import { webhookEvent } from '../webhooks/telling.ts'

/** The service with one dead delivery of alpha. */
async function withDead() {
  const service = await buildTestApp()
  const { app, redis, keys, alpha, beta } = service
  const endpointId = 'we_0123456789ab'
  await redis.hset(keys.webhookEndpoints('alpha'), endpointId, '')
  await createEmitWebhook(redis, keys)(webhookEvent())
  const [[, fields]] = (await redis.xrange(keys.webhookOutbox(), '-', '+')) as [[string, string[]]]
  const { eventId } = JSON.parse(fields[1] as string) as { eventId: string }
  const deliveryId = `${eventId}.${endpointId}`
  const cause = { failure: 'status', status: 500, tries: 10, deadAt: '2026-11-25T08:00:00.000Z' } as const
  const dead = {
    deliveryId,
    eventId,
    endpointId,
    type: 'decision.updated',
    aggregateId: 'loan-1',
    sequence: 1
  } as const
  await createDeliveries(redis, keys).bury('alpha', { ...dead, ...cause }, Date.now())
  return {
    dead: { ...dead, ...cause },
    queued: () => redis.xlen(keys.webhookOutbox()),
    list: (headers: typeof alpha, query = '?state=dead') =>
      app.inject({ url: `/v1/webhooks/deliveries${query}`, headers }),
    resend: (headers: typeof alpha, id = deliveryId) =>
      app.inject({ method: 'POST', url: `/v1/webhooks/deliveries/${id}/resend`, headers }),
    redis,
    alpha,
    beta
  }
}

describe('dead deliveries by HTTP', () => {
  test('are listed to their partner and to no other', async () => {
    const { list, dead, alpha, beta } = await withDead()
    expect((await list(alpha)).json()).toEqual({ deliveries: [dead] })
    expect((await list(beta)).json()).toEqual({ deliveries: [] })
  })

  test('are sent again by their partner, once', async () => {
    const { resend, list, dead, alpha, beta, queued } = await withDead()
    expect((await resend(beta)).statusCode).toBe(404)
    expect(await queued()).toBe(1)
    const answer = await resend(alpha)
    expect([answer.statusCode, answer.json()]).toEqual([202, { deliveryId: dead.deliveryId }])
    expect(await queued()).toBe(2)
    expect((await resend(alpha)).json().code).toBe('not_found')
    expect((await list(alpha)).json()).toEqual({ deliveries: [] })
    expect(await queued()).toBe(2)
  })

  test('need a state to be listed by and an id that is one', async () => {
    const { list, resend, alpha } = await withDead()
    for (const query of ['', '?state=all', '?state=dead&limit=5'])
      expect((await list(alpha, query)).statusCode).toBe(400)
    expect((await resend(alpha, 'evt_x.we_x')).statusCode).toBe(400)
  })

  test('are 503 while Redis is away', async () => {
    const { list, resend, redis, alpha } = await withDead()
    await list(alpha)
    redis.disconnect()
    for (const answer of [await list(alpha), await resend(alpha)])
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'store_unavailable'])
  })
})
