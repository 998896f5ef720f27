import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/command.ts'
import { webhooksCommand } from '../../src/cli/webhooks.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createEmitWebhook } from '../../src/webhooks/emit.ts'
import { createDeliveries } from '../../src/webhooks/redis-deliveries.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { connectRedis, sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'
import { startReceiver } from '../webhooks/receiver.ts'
import { webhookEvent } from '../webhooks/telling.ts'

async function operator() {
  const redis = await connectRedis()
  await loadFunctions(redis)
  const prefix = uniqueProcessPrefix('webhooks')
  const env = {
    REDIS_URL: sharedRedisUrl(),
    REDIS_PREFIX: prefix,
    TOKEN_KEY: TEST_TOKEN_KEY,
    WEBHOOK_ALLOW_PRIVATE: 'true'
  }
  const run = async (line: string, changes: Partial<typeof env> = {}) => {
    const printed: string[] = []
    const before = process.exitCode
    process.exitCode = 0
    try {
      await webhooksCommand.run({
        ...parseCommandLine(webhooksCommand, line.split(' ')),
        env: { ...env, ...changes },
        print: (text) => void printed.push(text),
        progress: () => {}
      })
      return { text: printed.join('\n'), exitCode: Number(process.exitCode) }
    } finally {
      process.exitCode = before
    }
  }
  return { run, redis, keys: createKeys(prefix) }
}

const added = (text: string) => JSON.parse(text) as { endpointId: string; keyId: string; secret: string }

describe('assay webhooks', () => {
  test('add shows a secret once, list never shows one nor the path of the URL, remove ends it', async () => {
    const { run } = await operator()
    const { endpointId, keyId, secret } = added(
      (await run('add --tenant alpha --url https://partner.example/in/T0K3N --types loan.alert --json')).text
    )
    const { text } = await run('list')
    expect(text).toContain(`${endpointId}  alpha  https://partner.example  loan.alert  ${keyId}  active`)
    expect(text).not.toContain(secret)
    expect(text).not.toContain('T0K3N')
    expect((await run('list --json')).text).not.toContain(secret)
    await run(`remove ${endpointId}`)
    expect((await run('list')).text).toBe('')
    await expect(run(`remove ${endpointId}`)).rejects.toThrow(`there is no endpoint ${endpointId}`)
  })

  test.each([
    ['add --tenant alpha --url http://partner.example/', 'must be https'],
    ['add --tenant alpha --url https://169.254.169.254/', 'is not a public address'],
    ['add --tenant Alpha --url https://partner.example/', '--tenant'],
    ['add --tenant alpha --url https://partner.example/ --types loan.paid', 'loan.paid is not one of'],
    ['add --tenant alpha', '--url is required'],
    ['rotate', 'takes one id'],
    ['list we_x', 'takes no id'],
    ['list --url x', 'takes no --url'],
    ['send', 'say add, list']
  ])('%s is refused', async (line, problem) => {
    const { run } = await operator()
    await expect(run(line, { WEBHOOK_ALLOW_PRIVATE: '' })).rejects.toThrow(problem)
  })

  test('add needs the key of the service, list does not', async () => {
    const { run } = await operator()
    const withoutKey = { TOKEN_KEY: '' }
    await expect(run('add --tenant alpha --url https://partner.example/', withoutKey)).rejects.toMatchObject({
      code: 'config_invalid'
    })
    expect((await run('list', withoutKey)).exitCode).toBe(0)
  })

  test('test sends a signed event now, with both keys after rotate, and says what was answered', async () => {
    const { run } = await operator()
    const receiver = await startReceiver()
    const { endpointId, keyId } = added((await run(`add --tenant alpha --url ${receiver.url} --json`)).text)
    expect(await run(`test ${endpointId}`)).toEqual({ text: 'taken: answered 204', exitCode: 0 })
    const fresh = added((await run(`rotate ${endpointId} --json`)).text)
    receiver.answers.push(401)
    expect(await run(`test ${endpointId}`)).toEqual({ text: 'not taken: answered 401', exitCode: 1 })
    const [first, second] = receiver.received
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ type: 'webhook.test', aggregateId: endpointId })
    const kids = [...String(second?.headers['assay-signature']).matchAll(/kid=(\w+)/g)].map(([, kid]) => kid)
    expect(kids).toEqual([fresh.keyId, keyId])
    expect(await run(`test ${endpointId}`, { WEBHOOK_ALLOW_PRIVATE: '' })).toEqual({
      text: 'not taken: address_refused',
      exitCode: 1
    })
  })

  test('dead lists what was given up, resend queues it once, but not to an endpoint that is off', async () => {
    const { run, redis, keys } = await operator()
    const { endpointId } = added((await run('add --tenant alpha --url https://partner.example/ --json')).text)
    expect((await run('dead')).text).toBe('no dead deliveries')
    await createEmitWebhook(redis, keys)(webhookEvent())
    const [[, fields]] = (await redis.xrange(keys.webhookOutbox(), '-', '+')) as [[string, string[]]]
    const { eventId } = JSON.parse(fields[1] as string) as { eventId: string }
    const deliveryId = `${eventId}.${endpointId}`
    const letter = { type: 'loan.alert', aggregateId: 'loan-1', sequence: 1, failure: 'timeout', status: null } as const
    const dead = { ...letter, deliveryId, eventId, endpointId, tries: 10, deadAt: '2026-11-25T08:00:00.000Z' }
    await createDeliveries(redis, keys).bury('alpha', dead, Date.now())
    expect((await run('dead --tenant alpha')).text).toBe(
      `${deliveryId}  alpha  loan.alert  loan-1  timeout in 10 tries  2026-11-25T08:00:00.000Z`
    )
    expect(JSON.parse((await run('dead --json')).text)).toEqual({ tenant: 'alpha', ...dead })

    await redis.hset(keys.webhookDisabled('alpha'), endpointId, 1)
    expect((await run('list')).text).toContain('it answered 410')
    await expect(run(`resend ${deliveryId}`)).rejects.toThrow(`assay webhooks enable ${endpointId}`)
    await run(`enable ${endpointId}`)
    expect((await run(`resend ${deliveryId}`)).text).toBe('queued again')
    await expect(run(`resend ${deliveryId}`)).rejects.toThrow('there is no dead delivery')
    const entries = await redis.xrange(keys.webhookOutbox(), '-', '+')
    expect(JSON.parse(entries.at(-1)?.[1][1] ?? '')).toEqual({ tenant: 'alpha', eventId, endpointId })
  })
})
