import { describe, expect, test } from 'vitest'
import { WEBHOOK_TRIES, webhookBackoffMs } from '../../src/monitoring/webhook-jobs.ts'
import { startReceiver } from './receiver.ts'
import { telling, webhookEvent } from './telling.ts'

describe('the webhook relay', () => {
  test('queues an event for every endpoint that is told of its type', async () => {
    const { addEndpoint, emit, relay, queued, reader } = await telling()
    const all = await addEndpoint('https://one.example/')
    const some = await addEndpoint('https://two.example/', ['decision.updated', 'loan.alert'])
    await addEndpoint('https://three.example/', ['loan.alert'])
    await emit(webhookEvent())
    expect(await relay()).toBe(1)
    expect((await queued()).map(({ endpointId }) => endpointId).sort()).toEqual([all.id, some.id].sort())
    expect(await reader.countPending()).toBe(0)
  })

  test('that died between queueing and acknowledging queues nothing twice', async () => {
    const { addEndpoint, emit, relayEntries, reader, queued } = await telling()
    await addEndpoint('https://one.example/')
    await emit(webhookEvent())
    const entries = await reader.read()
    await relayEntries(entries)
    await relayEntries(entries)
    expect(await queued()).toHaveLength(1)
  })

  test('reports an entry that is not one, and it does not block the next', async () => {
    const { addEndpoint, emit, relay, redis, keys, malformed, queued } = await telling()
    await addEndpoint('https://one.example/')
    for (const value of ['{', 'null', '{"tenant":"alpha"}', '{"tenant":"alpha","eventId":"x"}'])
      await redis.xadd(keys.webhookOutbox(), '*', 'w', value)
    await emit(webhookEvent())
    expect(await relay()).toBe(5)
    expect(malformed).toHaveLength(4)
    expect(await queued()).toHaveLength(1)
  })

  test('tells the others when what is kept of one partner cannot be read', async () => {
    const { addEndpoint, emit, relay, redis, keys, queued, reader } = await telling()
    const { id } = await addEndpoint('https://one.example/')
    await redis.hset(keys.webhookEndpoints('broken'), 'we_000000000000', '{"types":["of.a.later.release"]}')
    await emit(webhookEvent({ tenant: 'broken' }))
    await emit(webhookEvent())
    await expect(relay()).rejects.toThrow()
    expect((await queued()).map(({ endpointId }) => endpointId)).toEqual([id])
    expect(await reader.countPending()).toBe(1)
  })

  test('puts ids and nothing else into a job', async () => {
    const { addEndpoint, emit, relay, jobs } = await telling()
    const { id } = await addEndpoint('https://one.example/')
    await emit(webhookEvent({ data: { code: 'CANARY' } }))
    await relay()
    const [job] = await jobs()
    expect(job?.data).toEqual({ tenant: 'alpha', eventId: expect.stringMatching(/^evt_/), endpointId: id })
    expect(JSON.stringify(job)).not.toContain('CANARY')
  })
})

describe('a delivery that fails', () => {
  test('is tried again after 5 seconds, then ever later up to a day: ten tries over a day and a half', () => {
    const waits = Array.from({ length: WEBHOOK_TRIES - 1 }, (_, index) => webhookBackoffMs(index + 1, () => 0.5))
    expect([waits[0], waits.at(-1)]).toEqual([5000, 86_400_000])
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    const hours = waits.reduce((sum, wait) => sum + wait) / 3_600_000
    expect(hours).toBeGreaterThan(30)
    expect(hours).toBeLessThan(40)
  })

  test('waits up to a fifth less or more, so that deliveries do not come back together', () => {
    expect([webhookBackoffMs(1, () => 0), webhookBackoffMs(1, () => 0.999_999)]).toEqual([4000, 6000])
  })

  test('goes through the queue: retried until it is taken, with the same event id in every try', async () => {
    const { addEndpoint, emit, relay, startWorker } = await telling()
    const receiver = await startReceiver()
    await addEndpoint(receiver.url)
    const { promise: taken, resolve } = Promise.withResolvers<void>()
    receiver.answers.push(
      500,
      (request) => request.socket.destroy(),
      (_request, response) => {
        response.writeHead(204).end()
        resolve()
      }
    )
    const waits: number[] = []
    const { worker, finished } = startWorker((tries) => {
      waits.push(tries)
      return 1
    })
    await emit(webhookEvent())
    await relay()
    await taken
    await worker.close()
    expect(waits).toEqual([1, 2])
    expect(finished).toEqual(['retry', 'retry', 'done'])
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
  })

  test('is dead after ten tries, which is no failed job; sent again it has ten tries anew', async () => {
    const { addEndpoint, emit, relay, startWorker, deliveries, queue } = await telling()
    const receiver = await startReceiver()
    await addEndpoint(receiver.url)
    receiver.answers.push(...Array.from({ length: WEBHOOK_TRIES }, () => 503))
    const { worker, finished } = startWorker(() => 1)
    await emit(webhookEvent())
    const settled = new Promise((resolve) => worker.on('completed', resolve))
    await relay()
    await settled
    expect(finished).toEqual([...Array.from({ length: WEBHOOK_TRIES - 1 }, () => 'retry'), 'obsolete'])
    const [dead] = await deliveries.listDead('alpha', 10)
    expect(dead).toMatchObject({ tries: WEBHOOK_TRIES, status: 503 })
    expect(await queue.getFailedCount()).toBe(0)

    const deliveryId = String(dead?.deliveryId)
    expect(await deliveries.resend('beta', deliveryId), 'of another partner').toBe(false)
    const resent = await Promise.all([1, 2, 3].map(() => deliveries.resend('alpha', deliveryId)))
    expect(resent.filter(Boolean), 'once').toHaveLength(1)
    receiver.answers.push(500)
    const again = new Promise((resolve) => worker.on('completed', resolve))
    await relay()
    await again
    expect(finished.slice(WEBHOOK_TRIES)).toEqual(['retry', 'done'])
    expect(await deliveries.listDead('alpha', 10)).toEqual([])
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
  })
})

describe('dead letters', () => {
  test('are the newest thousand of a partner, and go with their events', async () => {
    const { deliveries, redis, keys } = await telling()
    const letter = (n: number) => ({
      deliveryId: `evt_${String(n).padStart(22, '0')}.we_000000000000`,
      eventId: `evt_${String(n).padStart(22, '0')}`,
      endpointId: 'we_000000000000',
      type: 'loan.alert' as const,
      aggregateId: 'loan',
      sequence: n,
      failure: 'timeout' as const,
      status: null,
      tries: 10,
      deadAt: new Date(n).toISOString()
    })
    await Promise.all(Array.from({ length: 1003 }, (_, n) => deliveries.bury('alpha', letter(n), n)))
    const kept = await deliveries.listDead('alpha', 2000)
    expect([kept.length, kept[0]?.sequence, kept.at(-1)?.sequence]).toEqual([1000, 1002, 3])
    expect(await redis.hlen(keys.webhookDeadLetters('alpha'))).toBe(1000)
    await deliveries.bury('alpha', letter(5000), 31 * 86_400_000)
    expect((await deliveries.listDead('alpha', 2000)).map(({ sequence }) => sequence)).toEqual([5000])
    expect(await deliveries.resend('alpha', letter(5000).deliveryId), 'its event has ended').toBe(false)
    expect(await deliveries.countDead(), 'alpha has no endpoint, so it is not looked at').toBe(0)
  })
})
