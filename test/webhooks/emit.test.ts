import { beforeEach, describe, expect, test } from 'vitest'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import { createEmitWebhook, type EmitWebhook } from '../../src/webhooks/emit.ts'
import type { WebhookEvent } from '../../src/webhooks/event.ts'
import { readStored } from '../redis/stored.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

let redis: Awaited<ReturnType<typeof connectRedis>>
let keys: Keys
let emit: EmitWebhook
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  keys = createKeys(uniquePrefix('emit'))
  emit = createEmitWebhook(redis, keys)
  await redis.hset(keys.webhookEndpoints('alpha'), 'some', 'endpoint')
})

const event = (changes: Partial<WebhookEvent> = {}): WebhookEvent => ({
  tenant: 'alpha',
  type: 'decision.updated',
  aggregateId: 'loan-1',
  dedupeKey: 'loan-1:2',
  occurredAtMs: 1_790_000_000_000,
  data: { decision: 'APPROVE', decisionId: 'x', reasons: ['R101'], round: 2 },
  ...changes
})

async function queued() {
  const entries = await redis.xrange(keys.webhookOutbox(), '-', '+')
  const each = entries.map(async ([, fields]) => {
    const { tenant, eventId } = JSON.parse(fields[1] as string) as { tenant: string; eventId: string }
    const { e = '', s } = await redis.hgetall(keys.webhookEvent(tenant, eventId))
    return { eventId, event: JSON.parse(e) as WebhookEvent, sequence: Number(s) }
  })
  return Promise.all(each)
}

describe('emitting a webhook event', () => {
  test('keeps it, queues it and numbers it among the events of its aggregate', async () => {
    const all = [event(), event({ dedupeKey: 'loan-1:3' }), event({ aggregateId: 'loan-2', dedupeKey: 'loan-2:1' })]
    for (const each of all) await emit(each)
    expect((await queued()).map(({ event, sequence }) => [event, sequence])).toEqual([
      [all[0], 1],
      [all[1], 2],
      [all[2], 1]
    ])
    for (const { eventId } of await queued())
      expect(await redis.pttl(keys.webhookEvent('alpha', eventId))).toBeGreaterThan(29 * 86_400_000)
  })

  test('again, and many times at once, changes nothing', async () => {
    await Promise.all(Array.from({ length: 20 }, () => emit(event())))
    await emit(event({ data: { other: 'data' } }))
    expect((await queued()).map(({ event: { data }, sequence }) => [data, sequence])).toEqual([[event().data, 1]])
  })

  test('has an id of its own for each tenant, type and dedupe key, and the same again after our memory has ended', async () => {
    await redis.hset(keys.webhookEndpoints('beta'), 'some', 'endpoint')
    await emit(event())
    await emit(event({ type: 'review.completed' }))
    await emit(event({ tenant: 'beta' }))
    const [first, ...others] = (await queued()).map(({ eventId }) => eventId)
    expect(new Set([first, ...others]).size).toBe(3)
    await redis.del(keys.webhookEvent('alpha', first as string))
    await emit(event())
    expect((await queued()).at(-1)).toMatchObject({ eventId: first, sequence: 3 })
  })

  test('leaves nothing for a tenant without an endpoint', async () => {
    const before = [...(await readStored(redis, keys.prefix))]
    await emit(event({ tenant: 'beta' }))
    expect([...(await readStored(redis, keys.prefix))]).toEqual(before)
  })

  test.each([
    ['a sentence', { data: { note: 'Wang Li called' } }],
    ['a nested object', { data: { applicant: { name: 'x' } } as never }],
    ['an aggregate id with a colon', { aggregateId: 'loan:1' }],
    ['a type that there is not', { type: 'loan.paid' as never }],
    ['an unknown field', { applicantId: 'x' } as never]
  ])('refuses %s: data is ids, codes and numbers', async (_what, changes) => {
    await expect(emit(event(changes))).rejects.toMatchObject({ code: 'internal_error' })
    expect(await queued()).toEqual([])
  })
})
