import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createWebhookTurns } from '../../src/monitoring/webhook-turns.ts'
import { startReceiver } from './receiver.ts'
import { telling, webhookEvent } from './telling.ts'

describe('turns of endpoints', () => {
  test('ten of one endpoint run at once; more come back a second later, one after the other', async () => {
    const turns = createWebhookTurns(() => 5000)
    const { promise: held, resolve } = Promise.withResolvers<void>()
    const running = Array.from({ length: 10 }, () => turns.run('one', () => held))
    expect([turns.postponeMs('one'), turns.postponeMs('one'), turns.postponeMs('one')]).toEqual([1000, 1020, 1040])
    expect(turns.postponeMs('two')).toBe(0)
    resolve()
    await Promise.all(running)
    expect(turns.postponeMs('one')).toBe(0)
  })

  test('a delivery that fails gives its place back', async () => {
    const turns = createWebhookTurns(() => 0)
    const fail = () => Promise.reject(new Error('no'))
    await Promise.allSettled(Array.from({ length: 10 }, () => turns.run('one', fail)))
    expect(turns.postponeMs('one')).toBe(0)
  })

  test('an endpoint that hangs with more than the worker has places does not hold up another', async () => {
    const { addEndpoint, emit, relay, startWorker } = await telling({ timeoutMs: 30_000 })
    const [hanging, quick] = [await startReceiver(), await startReceiver()]
    const held: ServerResponse[] = []
    hanging.answers.push(
      ...Array.from({ length: 30 }, () => (_: unknown, response: ServerResponse) => void held.push(response))
    )
    await addEndpoint(hanging.url, ['loan.alert'])
    await addEndpoint(quick.url, ['decision.updated'])
    for (let n = 0; n < 25; n++) await emit(webhookEvent({ type: 'loan.alert' }))
    await emit(webhookEvent())
    await relay()
    startWorker(() => 1)
    await quick.untilReceived(1)
    const hungBefore = held.length
    hanging.answers.length = 0
    for (const response of held) response.writeHead(204).end()
    expect(hungBefore).toBeLessThanOrEqual(10)
  })
})
