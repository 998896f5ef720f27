import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/webhooks/redis-deliveries.ts'
import { startReceiver } from './receiver.ts'
import { NOW_MS, telling, webhookEvent } from './telling.ts'

const FIRST = { tries: 1, isLast: false }
const LAST = { tries: 10, isLast: true }

/** A receiver with an endpoint, and one event on its way to it. */
async function told() {
  const [all, receiver] = await Promise.all([telling(), startReceiver()])
  const endpoint = await all.addEndpoint(receiver.url)
  await all.emit(webhookEvent())
  await all.relay()
  const [delivery] = (await all.queued()) as [Delivery]
  return { ...all, receiver, endpoint, delivery }
}

const signatureOf = (secret: string, body: string, seconds = NOW_MS / 1000) =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')

describe('a delivery', () => {
  test('is the event as JSON, signed over time and body with the key that the endpoint was given', async () => {
    const { deliver, delivery, receiver, endpoint, outcomes } = await told()
    expect(await deliver(delivery, FIRST)).toBe('delivered')
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]]
    expect(JSON.parse(body)).toEqual({
      id: delivery.eventId,
      type: 'decision.updated',
      occurredAt: '2026-11-25T07:59:59.000Z',
      aggregateId: 'loan-1',
      sequence: 1,
      data: { decision: 'APPROVE', round: expect.any(Number) }
    })
    expect(headers['assay-event-id']).toBe(delivery.eventId)
    expect(headers['assay-signature']).toBe(
      `t=${NOW_MS / 1000},kid=${endpoint.keyId},v1=${signatureOf(endpoint.secret, body)}`
    )
    expect(outcomes).toEqual(['decision.updated delivered'])
  })

  test('that is made twice, as after a kill, brings the same body with the same event id', async () => {
    const { deliver, delivery, receiver, clock } = await told()
    await deliver(delivery, FIRST)
    clock.nowMs += 40_000
    await deliver(delivery, FIRST)
    const [first, second] = receiver.received as [(typeof receiver.received)[0], (typeof receiver.received)[0]]
    expect(second.body).toBe(first.body)
    expect(second.headers['assay-event-id']).toBe(first.headers['assay-event-id'])
    expect(second.headers['assay-signature'], 'signed anew').not.toBe(first.headers['assay-signature'])
  })

  test('says which event of its aggregate it is, in the order in which they were emitted', async () => {
    const { emit, relay, queued, deliver, receiver } = await told()
    await emit(webhookEvent())
    await emit(webhookEvent({ aggregateId: 'loan-2' }))
    await relay()
    for (const delivery of await queued()) await deliver(delivery, FIRST)
    const numbers = receiver.received
      .map(({ body }) => JSON.parse(body))
      .map((body) => [body.aggregateId, body.sequence])
    expect(numbers.sort()).toEqual([
      ['loan-1', 1],
      ['loan-1', 2],
      ['loan-2', 1]
    ])
  })

  test.each([200, 201, 204, 299])('is taken with a %i', async (status) => {
    const { deliver, delivery, receiver } = await told()
    receiver.answers.push(status)
    expect(await deliver(delivery, LAST)).toBe('delivered')
  })

  test.each([302, 400, 401, 404, 429, 500, 503])(
    'that is answered %i is tried again, and dead after the last try',
    async (status) => {
      const { deliver, delivery, deliveries, receiver } = await told()
      receiver.answers.push(status, status)
      expect(await deliver(delivery, FIRST)).toBe('retry')
      expect(await deliveries.listDead('alpha', 10)).toEqual([])
      expect(await deliver(delivery, LAST)).toBe('dead')
      expect(await deliveries.listDead('alpha', 10)).toEqual([
        {
          deliveryId: `${delivery.eventId}.${delivery.endpointId}`,
          eventId: delivery.eventId,
          endpointId: delivery.endpointId,
          type: 'decision.updated',
          aggregateId: 'loan-1',
          sequence: 1,
          failure: 'status',
          status,
          tries: 10,
          deadAt: '2026-11-25T08:00:00.000Z'
        }
      ])
      expect(await deliveries.countDead()).toBe(1)
    }
  )

  test('that finds nobody listening is tried again, and its letter says so', async () => {
    const { deliver, delivery, deliveries, receiver } = await told()
    receiver.answers.push((request) => request.socket.destroy())
    expect(await deliver(delivery, LAST)).toBe('dead')
    expect(await deliveries.listDead('alpha', 10)).toMatchObject([{ failure: 'connection', status: null }])
  })

  test('whose answer was lost and that comes through later takes its letter back', async () => {
    const { deliver, delivery, deliveries, receiver } = await told()
    receiver.answers.push(500)
    await deliver(delivery, LAST)
    expect(await deliver(delivery, LAST)).toBe('delivered')
    expect(await deliveries.listDead('alpha', 10)).toEqual([])
  })

  test('answered 410 switches the endpoint off: what is on its way is kept as dead, later events are not queued', async () => {
    const { deliver, delivery, deliveries, endpoints, receiver, emit, relay, queued } = await told()
    receiver.answers.push(410)
    expect(await deliver(delivery, FIRST)).toBe('gone')
    expect((await endpoints.ofTenant('alpha')).map(({ disabledAtMs }) => disabledAtMs)).toEqual([NOW_MS])
    expect(await deliveries.listDead('alpha', 10)).toMatchObject([{ failure: 'status', status: 410, tries: 1 }])
    const onItsWay = { ...delivery }
    expect(await deliver(onItsWay, FIRST)).toBe('dead')
    expect(await deliveries.listDead('alpha', 10)).toMatchObject([{ failure: 'disabled', tries: 0 }])
    await emit(webhookEvent())
    await relay()
    expect(await queued()).toHaveLength(1)
    expect(receiver.received).toHaveLength(1)
  })

  test('of an endpoint or an event that is no longer there is obsolete and sends nothing', async () => {
    const { deliver, delivery, endpoints, receiver, redis, keys } = await told()
    await redis.del(keys.webhookEvent('alpha', delivery.eventId))
    expect(await deliver(delivery, FIRST)).toBe('obsolete')
    const [endpoint] = await endpoints.all()
    await endpoints.remove(endpoint as NonNullable<typeof endpoint>)
    expect(await deliver(delivery, FIRST)).toBe('obsolete')
    expect(receiver.received).toEqual([])
  })
})

describe('rotating the key of an endpoint', () => {
  test('signs with both keys while they overlap, then with the new one alone', async () => {
    const { deliver, delivery, endpoints, endpoint, receiver, clock } = await told()
    const [stored] = await endpoints.ofTenant('alpha')
    const fresh = await endpoints.rotate(stored as NonNullable<typeof stored>, 3_600_000, NOW_MS)
    await deliver(delivery, FIRST)
    clock.nowMs = NOW_MS + 3_600_000
    await deliver(delivery, FIRST)
    const [both, one] = receiver.received.map(({ headers }) => String(headers['assay-signature'])) as [string, string]
    const body = String(receiver.received[0]?.body)
    expect(both).toBe(
      `t=${NOW_MS / 1000},kid=${fresh.keyId},v1=${signatureOf(fresh.secret, body)}` +
        `,kid=${endpoint.keyId},v1=${signatureOf(endpoint.secret, body)}`
    )
    const later = NOW_MS / 1000 + 3600
    expect(one).toBe(`t=${later},kid=${fresh.keyId},v1=${signatureOf(fresh.secret, body, later)}`)
  })

  test('again while two overlap leaves the newest two', async () => {
    const { endpoints, endpoint } = await told()
    const rotate = async () => {
      const [stored] = await endpoints.ofTenant('alpha')
      return endpoints.rotate(stored as NonNullable<typeof stored>, 3_600_000, NOW_MS)
    }
    const [second, third] = [await rotate(), await rotate()]
    const [stored] = await endpoints.ofTenant('alpha')
    const valid = await endpoints.signingKeys(stored as NonNullable<typeof stored>, NOW_MS)
    expect(valid).toEqual([third, second])
    expect(valid).not.toContainEqual({ keyId: endpoint.keyId, secret: endpoint.secret })
  })
})
