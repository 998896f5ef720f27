import { Queue } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAdminCheck } from '../../src/gateway/admin-access.ts'
import { buildOps } from '../../src/gateway/ops.ts'
import { createMetrics } from '../../src/metrics.ts'
import { createQueuePage } from '../../src/monitoring/queue-page.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const KEY = 'an-admin-key-of-this-test'
const bearer = { authorization: `Bearer ${KEY}` }
const basic = { authorization: `Basic ${btoa(`anybody:${KEY}`)}` }
const RETRY = '/queues/api/queues/loan-monitor/retry/failed'

async function ops(adminKey = KEY) {
  const connection = await connectRedis({ role: 'jobs' })
  const queue = new Queue('loan-monitor', { connection, prefix: uniquePrefix('queue-page') })
  await queue.add('monitor', { decisionId: 'decision-7' }, { jobId: 'mon_7' })
  const admin = adminKey && { basePath: '/queues', adminKey, plugin: createQueuePage([queue], '/queues') }
  const metrics = createMetrics({ process: 'monitor', version: 'test', withDefaults: false })
  const server = await buildOps({ metrics, notReady: () => [], ...(admin && { admin }) })
  onTestFinished(async () => {
    await server.close()
    await queue.obliterate({ force: true })
    await queue.close()
  })
  return server
}

describe('the page of the queues', () => {
  test('is shown, with its files and its API, to whoever has the key as Bearer or as Basic password', async () => {
    const server = await ops()
    for (const headers of [bearer, basic]) {
      const page = await server.inject({ url: '/queues', headers })
      expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')])
      const script = /src="(static\/js\/main[^"]+)"/.exec(page.body)?.[1]
      expect((await server.inject({ url: `/queues/${script}`, headers })).statusCode).toBe(200)
      const told = await server.inject({ url: '/queues/api/queues?activeQueue=loan-monitor', headers })
      expect(told.json().queues).toMatchObject([{ name: 'loan-monitor', counts: { waiting: 1 } }])
    }
  })

  test('is 401 for page, files and API without the key, and says how to send it; metrics and health need none', async () => {
    const server = await ops()
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${KEY}x`,
      `Bearer ${KEY.slice(0, -1)}`,
      `Token ${KEY}`,
      `Basic ${KEY}`,
      `Basic ${btoa(KEY)}`,
      `Basic ${btoa(`${KEY}:`)}`
    ]
    for (const url of ['/queues', '/queues/', '/queues/static/js/main.js', '/queues/api/queues']) {
      for (const authorization of [undefined, ...wrong]) {
        const answer = await server.inject({ url, headers: authorization === undefined ? {} : { authorization } })
        expect([url, authorization, answer.statusCode]).toEqual([url, authorization, 401])
        expect(answer.headers['www-authenticate']).toMatch(/^Basic /)
        expect(answer.body).not.toContain('loan-monitor')
      }
    }
    expect((await server.inject({ method: 'PUT', url: RETRY })).statusCode).toBe(401)
    expect((await server.inject('/metrics')).statusCode).toBe(200)
    expect((await server.inject('/healthz')).statusCode).toBe(200)
  })

  test('changes nothing for a request that another site had the browser make', async () => {
    const server = await ops()
    const put = async (headers: Record<string, string>) =>
      (await server.inject({ method: 'PUT', url: RETRY, headers: { host: 'localhost:9466', ...headers } })).statusCode
    for (const site of ['cross-site', 'same-site', 'none'])
      expect(await put({ ...basic, 'sec-fetch-site': site, origin: 'http://localhost:9466' })).toBe(403)
    for (const origin of ['http://evil.test', 'http://localhost:8080', 'null'])
      expect(await put({ ...basic, origin })).toBe(403)
    expect(await put(basic)).toBe(403)
    for (const headers of [
      { ...basic, 'sec-fetch-site': 'same-origin' },
      { ...basic, origin: 'http://localhost:9466' },
      bearer
    ])
      expect(await put(headers)).toBe(200)
  })

  test('may be framed by nobody and loads nothing from elsewhere', async () => {
    const page = await (await ops()).inject({ url: '/queues', headers: basic })
    const policy = page.headers['content-security-policy']
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.headers['cache-control']).toBe('no-store')
  })

  test('is not there where no key is set', async () => {
    const server = await ops('')
    expect((await server.inject({ url: '/queues', headers: bearer })).statusCode).toBe(404)
    expect(createAdminCheck('')('Bearer ')).toBe(false)
    expect(createAdminCheck('')(`Basic ${btoa(':')}`)).toBe(false)
    expect(createAdminCheck('')(undefined)).toBe(false)
  })

  test('answers over a real connection', async () => {
    const address = await (await ops()).listen({ host: '127.0.0.1', port: 0 })
    expect((await fetch(`${address}/queues`)).status).toBe(401)
    const page = await fetch(`${address}/queues`, { headers: basic })
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Assay')])
  })
})
