import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { assay, startMonitor } from '../support/gateway-process.ts'
import { connectRedis, sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'
import { startReceiver } from '../webhooks/receiver.ts'
import { webhookEvent } from '../webhooks/telling.ts'

const LONG_MS = 60_000
const DOC = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
const RECEIVER = /^```js\n([\s\S]*?)^```$/m.exec(DOC)?.[1] ?? ''

test(
  'an event reaches an endpoint that was named on the command line, from the real monitor, and the documented receiver takes it',
  async () => {
    const prefix = uniqueProcessPrefix('webhooks')
    const common = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix, TOKEN_KEY: 'ab'.repeat(32) }
    const env = { ...common, WEBHOOK_ALLOW_PRIVATE: 'true' }
    const [monitor, receiver, redis] = await Promise.all([startMonitor(env), startReceiver(), connectRedis()])
    await loadFunctions(redis)
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    receiver.answers.push((_request, response) => {
      response.writeHead(204).end()
      resolve()
    })
    const add = ['webhooks', 'add', '--tenant', 'alpha', '--url', receiver.url, '--json']
    const { keyId, secret } = JSON.parse(await assay(add, env)) as { keyId: string; secret: string }
    const event = webhookEvent()
    await createEmitWebhook(redis, createKeys(prefix))(event)
    await arrived

    const { verify } = (await import(`data:text/javascript,${encodeURIComponent(RECEIVER)}`)) as {
      verify: (header: string, body: string, secrets: Record<string, string>) => object
    }
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]]
    const { type, aggregateId, data } = event
    expect(verify(String(headers['assay-signature']), body, { [keyId]: secret })).toMatchObject({
      id: headers['assay-event-id'],
      type,
      aggregateId,
      sequence: 1,
      data
    })
    await expect
      .poll(async () => (await fetch(`${monitor.opsUrl}/metrics`)).text())
      .toContain('credit_webhook_deliveries_total{event="decision.updated",outcome="delivered"} 1')
  },
  LONG_MS
)
