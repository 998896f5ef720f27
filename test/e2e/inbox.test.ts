import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unpackDoubles } from '../../src/decisions/answer.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { readStored } from '../redis/stored.ts'
import { application } from '../support/app.ts'
import { assay, ROOT, startGateway } from '../support/gateway-process.ts'
import { freePort } from '../support/ports.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'

const LONG_MS = 60_000

/** Does not wait until it is ready: some of these are killed while they start upon what waits. */
async function startIngest(env: Record<string, string>): Promise<{ child: ChildProcess; opsUrl: string }> {
  const port = await freePort()
  const child = spawn(process.execPath, [`${ROOT}/workers/ingest.ts`], {
    env: { ...process.env, LOG_LEVEL: 'silent', ...env, OPS_PORT: String(port) },
    stdio: 'ignore'
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, opsUrl: `http://127.0.0.1:${port}` }
}

async function stack(changes: Record<string, string> = {}) {
  const redis = new Redis(sharedRedisUrl())
  onTestFinished(() => redis.disconnect())
  const prefix = uniqueProcessPrefix('inbox')
  const keys = createKeys(prefix)
  const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix, TOKEN_KEY: 'ab'.repeat(32), ...changes }
  const gateway = await startGateway(env)
  const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', 'demo', '--json'], env))
  const post = (path: string, body: unknown) =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
  const send = (event: object | string, tenant = 'demo') => {
    const text = typeof event === 'string' ? event : JSON.stringify(event)
    return redis.xadd(keys.inbox(), '*', 'tenant', tenant, 'event', text)
  }
  return { redis, keys, env, post, send }
}

const until = (look: () => Promise<unknown>, wanted: unknown) =>
  expect.poll(look, { timeout: 30_000, interval: 20 }).toEqual(wanted)

/** Yesterday: a person without any newer event than PROFILE_IDLE_DAYS is forgotten. */
const FROM_MS = Date.now() - 86_400_000

const disbursed = (number: number, changes: object = {}) => ({
  eventId: `loan-${number}`,
  type: 'loan.disbursed',
  occurredAtMs: FROM_MS + number,
  applicantId: 'person',
  data: { loanId: `loan-${number}`, termDays: 30 },
  ...changes
})

/** The loans that a decision counted, from its record. */
function loansIn(stored: ReadonlyMap<string, string>, decisionId: string): number | undefined {
  const value = [...stored].find(([name]) => name.endsWith(decisionId))?.[1] ?? ''
  const { features } = JSON.parse(value.slice(value.indexOf('\n') + 1))
  return unpackDoubles(features)[CATALOGUE.findIndex(({ name }) => name === 'applicant.loans_lifetime')]
}

describe('the inbox with the real processes', () => {
  test(
    'loses nothing and counts nothing twice when its worker is killed again and again',
    async () => {
      const { redis, keys, env, post, send } = await stack()
      for (let number = 0; number < 200; number++) await send(disbursed(number))
      await send('{"phone":"+234 803 111 2222"')
      for (let life = 0; life < 3; life++) {
        const before = await redis.xlen(keys.inbox())
        const { child } = await startIngest(env)
        await expect.poll(() => redis.xlen(keys.inbox()), { timeout: 20_000, interval: 1 }).toBeLessThan(before)
        child.kill('SIGKILL')
        await once(child, 'exit')
        for (let number = 200 + life * 100; number < 300 + life * 100; number++) await send(disbursed(number))
      }
      const { opsUrl } = await startIngest(env)
      await until(() => redis.xlen(keys.inbox()), 0)
      await until(
        async () => (await fetch(`${opsUrl}/metrics`)).text(),
        expect.stringMatching(/^credit_deadletter_entries 1$/m)
      )
      const metrics = await (await fetch(`${opsUrl}/metrics`)).text()
      expect(metrics).toMatch(/^credit_inbox_pending_entries 0$/m)
      const decided = await post('/v1/decisions', application({ applicantId: 'person' }))
      expect(decided.status).toBe(200)
      const { decisionId } = (await decided.json()) as { decisionId: string }
      const stored = await readStored(redis, `${keys.prefix}:`)
      expect(loansIn(stored, decisionId)).toBe(500)
      const [letter] = (await assay(['deadletter', 'list', '--json'], env)).trim().split('\n')
      expect(JSON.parse(letter ?? '')).toMatchObject({ reason: 'malformed_json', tenant: 'demo' })
      for (const [name, value] of stored) {
        expect(`${name} ${value}`).not.toMatch(/111 2222/)
      }
    },
    LONG_MS
  )

  test(
    'pushes back over HTTP while too much waits, decides all the same, and takes events again afterwards',
    async () => {
      const { redis, keys, env, post, send } = await stack({ INBOX_MAX_BACKLOG: '20' })
      expect((await post('/v1/events', disbursed(1))).status).toBe(202)
      for (let number = 0; number < 30; number++) await send(disbursed(number))
      await until(async () => (await post('/v1/events', disbursed(1))).status, 429)
      const refused = await post('/v1/events', disbursed(2))
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2'])
      expect((await post('/v1/decisions', application({ applicantId: 'other' }))).status).toBe(200)
      await startIngest(env)
      await until(() => redis.xlen(keys.inbox()), 0)
      await until(async () => (await post('/v1/events', disbursed(2))).status, 202)
    },
    LONG_MS
  )
})

describe('the exit code of bin/assay deadletter', () => {
  test(
    'is 0 when all was done, 1 when something stays, 2 for a call that makes no sense',
    async () => {
      const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: uniqueProcessPrefix('exit'), TOKEN_KEY: 'ab'.repeat(32) }
      const codeOf = (...args: string[]) =>
        assay(['deadletter', ...args], env).then(
          () => 0,
          (error: { code: number }) => error.code
        )
      const calls = [
        codeOf('list'),
        codeOf('--help'),
        codeOf('resend', '--all'),
        codeOf('drop', '1-1'),
        codeOf('resend')
      ]
      expect(await Promise.all(calls)).toEqual([0, 0, 0, 1, 2])
      const help = await assay(['deadletter', '--help'])
      expect(help.split('\n').filter((line) => line.length > 100)).toEqual([])
    },
    LONG_MS
  )
})
