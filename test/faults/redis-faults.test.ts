import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { whenReady } from '../../src/redis/client.ts'
import { entriesOf, keysOf, readStored } from '../redis/stored.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'
import { canStartRedis, connectRedis, startOwnRedis } from '../support/redis.ts'
import { startFaultProxy } from './fault-proxy.ts'

const DEADLINE_MS = 600
const FAULTY = { deadlineMs: DEADLINE_MS, redisTimeoutMs: 150, leaseMs: 100 }

async function ownRedis(options: Parameters<typeof startOwnRedis>[0] = {}) {
  const own = await startOwnRedis(options)
  onTestFinished(async () => {
    try {
      process.kill(own.pid, 'SIGCONT')
    } catch {
      // It was killed by its test.
    }
    await own.stop()
  })
  return own
}

async function ownDir() {
  const dir = await mkdtemp(join(tmpdir(), 'assay-fault-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A second view of what is stored, that no fault of the service’s own connection hides. */
async function viewOf(url: string, prefix: string) {
  const redis = await connectRedis({ url })
  return { redis, read: () => readStored(redis, prefix) }
}

type Answer = Awaited<ReturnType<typeof postDecision>>

function expectProblem(answer: Answer, codes: readonly string[]): void {
  expect(answer.statusCode, answer.body).toBe(503)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(codes).toContain(answer.json().code)
  expect(answer.json()).toMatchObject({ retryable: true, status: 503 })
  expect(answer.headers['retry-after']).toBeDefined()
  expect(answer.json().decision).toBeUndefined()
}

async function timed<Result>(work: PromiseLike<Result>): Promise<[Result, ms: number]> {
  const startedAtMs = performance.now()
  return [await work, performance.now() - startedAtMs]
}

/** Posts until it is answered 200: a claim of a try whose reply was lost ends with its lease. */
async function untilDecided(service: TestApp, request: object): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await postDecision(service, request)
      expect(answer.statusCode, answer.body).toBe(200)
      return answer
    },
    { timeout: 8000, interval: 20 }
  )
}

// A process that is stopped or killed and a port that is taken again depend on the scheduler: a second try tells a fault of
// ours from a busy machine.
const ON_A_BUSY_MACHINE = { retry: 2 }

describe.skipIf(!canStartRedis())('Redis is gone', ON_A_BUSY_MACHINE, () => {
  test('503 in time while it is away; after it returns, every answered decision is there byte for byte', async () => {
    const own = await ownRedis({ dir: await ownDir() })
    const service = await buildTestApp({ redisUrl: own.url, ...FAULTY })
    const requests = Array.from({ length: 20 }, () => application())
    const answered = await Promise.all(requests.map((request) => postDecision(service, request)))
    expect(answered.map(({ statusCode }) => statusCode)).toEqual(requests.map(() => 200))
    const event = { eventId: 'e-1', type: 'auth.login', occurredAtMs: Date.now(), applicantId: 'p', data: {} }
    const postEvent = () =>
      service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload: event })
    expect((await postEvent()).statusCode).toBe(202)

    own.kill()
    await own.exited
    const unanswered = application()
    for (const request of [unanswered, requests[0] as object]) {
      const [answer, ms] = await timed(postDecision(service, request))
      expectProblem(answer, ['store_unavailable'])
      expect(ms).toBeLessThan(DEADLINE_MS + 50)
    }
    expectProblem(await postEvent(), ['store_unavailable'])
    const { self } = (answered[0] as Answer).json<Decision>().links
    expectProblem(await service.app.inject({ url: self, headers: service.alpha }), ['store_unavailable'])
    expect((await service.app.inject('/healthz')).statusCode).toBe(200)

    await ownRedis({ dir: own.dir, port: own.port })
    expect((await untilDecided(service, unanswered)).headers['idempotent-replay']).toBeUndefined()
    for (const [index, first] of answered.entries()) {
      const read = await service.app.inject({ url: first.json<Decision>().links.self, headers: service.alpha })
      const again = await postDecision(service, requests[index])
      expect([read.body, again.body, again.headers['idempotent-replay']]).toEqual([first.body, first.body, 'true'])
    }
    const stored = await readStored(service.redis, service.keys.prefix)
    expect(keysOf(stored, 'decision')).toHaveLength(21)
    expect(entriesOf(stored, 'ledger')).toHaveLength(21)
    expect(entriesOf(stored, 'log').some(([, [, json]]) => json?.includes('"e-1"'))).toBe(true)
  })

  test('an answer that was given while it was being killed is never lost', async () => {
    const own = await ownRedis({ dir: await ownDir() })
    const service = await buildTestApp({ redisUrl: own.url, ...FAULTY })
    const requests = Array.from({ length: 200 }, () => application())
    const answers: Answer[] = []
    let answered = 0
    const posts = requests.map(async (request, index) => {
      answers[index] = await postDecision(service, request)
      if (++answered === 40) own.kill()
    })
    await Promise.all(posts)
    await own.exited
    await ownRedis({ dir: own.dir, port: own.port })
    await whenReady(service.redis, 8000)
    for (const [index, answer] of answers.entries()) {
      if (answer.statusCode !== 200) continue
      expect((await postDecision(service, requests[index])).body).toBe(answer.body)
    }
    for (const request of requests) await untilDecided(service, request)
    const stored = await readStored(service.redis, service.keys.prefix)
    expect([keysOf(stored, 'decision').length, entriesOf(stored, 'ledger').length]).toEqual([200, 200])
  })
})

describe.skipIf(!canStartRedis())('Redis is frozen', ON_A_BUSY_MACHINE, () => {
  test('every request is answered in time, and afterwards all is well', async () => {
    const own = await ownRedis()
    const service = await buildTestApp({ redisUrl: own.url, ...FAULTY })
    await postDecision(service, application())
    process.kill(own.pid, 'SIGSTOP')
    const requests = Array.from({ length: 50 }, () => application())
    const [answers, ms] = await timed(Promise.all(requests.map((request) => postDecision(service, request))))
    for (const answer of answers) expectProblem(answer, ['store_unavailable', 'outcome_unknown'])
    expect(ms).toBeLessThan(DEADLINE_MS + 200)
    process.kill(own.pid, 'SIGCONT')
    await Promise.all(requests.map((request) => untilDecided(service, request)))
    const stored = await readStored(service.redis, service.keys.prefix)
    expect(entriesOf(stored, 'ledger')).toHaveLength(51)
  })

  test('after the commit was sent: 503, and the retry gives the one decision that was made', async () => {
    const own = await ownRedis()
    let freeze = false
    let scored = 0
    const service = await buildTestApp({
      redisUrl: own.url,
      ...FAULTY,
      leaseMs: 2000,
      score: () => approve(scored++ <= 1 ? 0.05 : 0.5),
      wrapStore: (store) => ({
        ...store,
        commit: (commitment) => {
          if (freeze) process.kill(own.pid, 'SIGSTOP')
          freeze = false
          return store.commit(commitment)
        }
      })
    })
    await postDecision(service, application())
    freeze = true
    const request = application()
    const [lost, ms] = await timed(postDecision(service, request))
    expectProblem(lost, ['outcome_unknown', 'store_unavailable'])
    expect(ms).toBeLessThan(DEADLINE_MS + 50)
    process.kill(own.pid, 'SIGCONT')
    const answer = await untilDecided(service, request)
    expect(answer.headers['idempotent-replay']).toBe('true')
    expect([answer.json<Decision>().decision, scored]).toEqual(['APPROVE', 2])
    const stored = await readStored(service.redis, service.keys.prefix)
    expect([keysOf(stored, 'decision').length, entriesOf(stored, 'ledger').length]).toEqual([2, 2])
    expect(entriesOf(stored, 'outbox')).toHaveLength(2)
  })

  test('at the commit: each wait gets what is left of the deadline, not a whole Redis timeout of its own', async () => {
    const own = await ownRedis()
    let freeze = false
    const service = await buildTestApp({
      redisUrl: own.url,
      deadlineMs: 500,
      redisTimeoutMs: 400,
      wrapStore: (store) => ({
        ...store,
        commit: (commitment) => {
          if (freeze) process.kill(own.pid, 'SIGSTOP')
          return store.commit(commitment)
        }
      })
    })
    await postDecision(service, application())
    freeze = true
    const [answer, ms] = await timed(postDecision(service, application()))
    expectProblem(answer, ['outcome_unknown', 'store_unavailable'])
    // Two whole timeouts would be 800.
    expect(ms).toBeLessThan(500 + 200)
  })
})

describe.skipIf(!canStartRedis())('a reply is lost', () => {
  async function behindProxy(options: Parameters<typeof buildTestApp>[0] = {}) {
    const own = await ownRedis()
    const proxy = await startFaultProxy(own.port)
    onTestFinished(() => proxy.stop())
    const service = await buildTestApp({ redisUrl: proxy.url, ...FAULTY, ...options })
    return { service, proxy, view: await viewOf(own.url, service.keys.prefix) }
  }

  test('of an event: it is in the log once, the client is told to send it again, and it counts once', async () => {
    const seen: number[] = []
    const score = (row: Float32Array) => {
      seen.push(row[0] as number)
      return approve()
    }
    const { service, proxy, view } = await behindProxy({ score })
    const data = { loanId: 'loan-1', principalMinor: 1_000_000, termDays: 30 }
    const payload = { eventId: 'e-1', type: 'loan.disbursed', occurredAtMs: Date.now() - 1, applicantId: 'p', data }
    const post = () => service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload })
    await service.app.inject({ url: '/v1/features', headers: service.alpha })
    const lost = proxy.loseReplyTo('assay_append')
    expectProblem(await post(), ['store_unavailable'])
    await lost
    await whenReady(service.redis, 8000)
    expect(entriesOf(await view.read(), 'log'), 'no second XADD by the client itself').toHaveLength(1)
    await vi.waitFor(async () => expect((await post()).statusCode).toBe(202), { timeout: 5000, interval: 20 })
    await postDecision(service, application({ applicantId: 'p' }))
    expect(seen).toEqual([1])
  })

  test.each(['assay_begin', 'assay_commit'])('of %s: one decision, whatever the retries', async (name) => {
    const { service, proxy, view } = await behindProxy()
    const request = application({ device: { deviceId: 'one-phone' } })
    await postDecision(service, application())
    const lost = proxy.loseReplyTo(name)
    expectProblem(await postDecision(service, request), ['store_unavailable', 'outcome_unknown'])
    await lost
    const answer = await untilDecided(service, request)
    expect((await postDecision(service, request)).body).toBe(answer.body)
    const stored = await view.read()
    expect([keysOf(stored, 'decision').length, entriesOf(stored, 'ledger').length]).toEqual([2, 2])
    expect(entriesOf(stored, 'outbox')).toHaveLength(2)
  })

  test('of everything, on a link that is half open: 503 in time, and it recovers', async () => {
    const { service, proxy } = await behindProxy()
    await postDecision(service, application())
    proxy.blackHole(true)
    const [answer, ms] = await timed(postDecision(service, application()))
    expectProblem(answer, ['store_unavailable', 'outcome_unknown'])
    expect(ms).toBeLessThan(DEADLINE_MS + 50)
    proxy.blackHole(false)
    service.redis.disconnect(true)
    await untilDecided(service, application())
  })
})

describe.skipIf(!canStartRedis())('Redis is full', () => {
  test('a decision is 503 with nothing half written, reads and replays go on, nothing is evicted', async () => {
    const own = await ownRedis()
    const service = await buildTestApp({ redisUrl: own.url, ...FAULTY })
    const known = application()
    const first = await postDecision(service, known)
    const before = await readStored(service.redis, service.keys.prefix)
    await service.redis.config('SET', 'maxmemory', '1mb')
    const request = application()
    expectProblem(await postDecision(service, request), ['store_unavailable'])
    expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
    const { self } = first.json<Decision>().links
    expect((await service.app.inject({ url: self, headers: service.alpha })).body).toBe(first.body)
    expect((await postDecision(service, known)).body, 'a replay writes nothing').toBe(first.body)
    await service.redis.config('SET', 'maxmemory', '0')
    await untilDecided(service, request)
    expect(await service.redis.info('stats')).toContain('evicted_keys:0')
  })

  test('a commit that is refused leaves no decision, no ledger entry and no job, and a retry decides once', async () => {
    const own = await ownRedis()
    let fill = true
    const service = await buildTestApp({
      redisUrl: own.url,
      ...FAULTY,
      wrapStore: (store) => ({
        ...store,
        commit: async (commitment) => {
          if (fill) await service.redis.config('SET', 'maxmemory', '1mb')
          fill = false
          return store.commit(commitment)
        }
      })
    })
    const request = application()
    expectProblem(await postDecision(service, request), ['outcome_unknown', 'store_unavailable'])
    const stored = await readStored(service.redis, service.keys.prefix)
    expect(keysOf(stored, 'decision')).toEqual([])
    expect([...entriesOf(stored, 'ledger'), ...entriesOf(stored, 'outbox')]).toEqual([])
    await service.redis.config('SET', 'maxmemory', '0')
    const answer = await untilDecided(service, request)
    expect(answer.headers['idempotent-replay']).toBeUndefined()
    expect(entriesOf(await readStored(service.redis, service.keys.prefix), 'ledger')).toHaveLength(1)
  })
})
