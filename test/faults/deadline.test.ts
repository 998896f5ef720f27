import { describe, expect, onTestFinished, test } from 'vitest'
import { createBatcher } from '../../src/inference/batcher.ts'
import { application, buildTestApp, type TestApp, type TestAppOptions } from '../support/app.ts'
import { sharedRedisUrl } from '../support/redis.ts'
import { startFaultProxy } from './fault-proxy.ts'

/**
 * The promise, on a machine that does nothing else (ASSAY_TIMED_TESTS). Elsewhere, where one beside it may hold everything up
 * for a while: that no other timeout is waited for, and all others are three times as long.
 */
const isTimed = process.env.ASSAY_TIMED_TESTS === 'true'
const LATE_MS = isTimed ? 5 : 1000
const DEADLINE_MS = isTimed ? 80 : 1000
const [WARM_UP_ROUNDS, ROUNDS, AT_ONCE] = isTimed ? [2, 5, 4] : [0, 2, 4]
/** What would answer if the deadline did not: the timeout of Redis, and the deadline of who names none. */
const OTHER_TIMEOUT_MS = isTimed ? 2000 : 6000

/** Scoring threads that never answer, behind the real batcher. */
const stalled = createBatcher({
  run: () => new Promise(() => {}),
  inputCount: 2,
  threads: 1,
  maxBatchRows: 64,
  maxQueuedRows: 2048,
  explainFromPd: 1,
  nowMs: () => performance.now(),
  onBatch: () => {},
  onFault: () => {}
})

interface Body {
  readonly code?: string
  readonly decision?: string
  readonly trace?: { readonly degraded: readonly string[] }
}

async function servicePosting(options: TestAppOptions) {
  const service = await buildTestApp({ redisTimeoutMs: OTHER_TIMEOUT_MS, deadlineMs: OTHER_TIMEOUT_MS, ...options })
  const address = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const post = async () => {
    const startedAtMs = performance.now()
    const answer = await fetch(`${address}/v1/decisions`, {
      method: 'POST',
      headers: { ...service.alpha, 'content-type': 'application/json', 'assay-deadline-ms': String(DEADLINE_MS) },
      body: JSON.stringify(application())
    })
    const body = (await answer.json()) as Body
    return { status: answer.status, body, lateMs: performance.now() - startedAtMs - DEADLINE_MS }
  }
  return { service, post }
}

type Posted = Awaited<ReturnType<Awaited<ReturnType<typeof servicePosting>>['post']>>

async function postMany(post: () => Promise<Posted>): Promise<Posted[]> {
  const answers: Posted[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const posted = await Promise.all(Array.from({ length: AT_ONCE }, post))
    if (round >= WARM_UP_ROUNDS) answers.push(...posted)
  }
  return answers
}

function expectInTime(answers: readonly Posted[]): void {
  const late = answers.map(({ lateMs }) => lateMs).sort((left, right) => left - right)
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(share * late.length))] as number
  if (isTimed) console.info(`late by ms: p50 ${at(0.5).toFixed(1)}, p90 ${at(0.9).toFixed(1)}, max ${at(1).toFixed(1)}`)
  expect(at(0.9)).toBeLessThanOrEqual(LATE_MS)
}

/** The keys are known and the connections open: what is measured is the deadline. */
async function warm({ app, alpha }: TestApp): Promise<void> {
  await app.inject({ url: '/v1/features', headers: alpha })
}

describe('the answer comes by Assay-Deadline-Ms', { retry: 2 }, () => {
  test('when no scoring thread answers: a person decides, kept and answered in time', async () => {
    const { service, post } = await servicePosting({
      wrapLineup: (alone) => ({ ...alone, champion: { ...alone.champion, scorer: stalled } })
    })
    await warm(service)
    const answers = await postMany(post)
    for (const { status, body } of answers) {
      expect(status, JSON.stringify(body)).toBe(200)
      expect(body).toMatchObject({ decision: 'REFER', reasons: [{ code: 'SYS_INFERENCE_TIMEOUT' }] })
    }
    // Once it is known that the model does not answer, nobody waits for it.
    expect(answers.some(({ body }) => body.trace?.degraded.includes('LEFT_OUT:model'))).toBe(true)
    expectInTime(answers)
  })

  test('when Redis falls silent before anything was claimed: 503', async () => {
    const proxy = await startFaultProxy(Number(new URL(sharedRedisUrl()).port))
    const { service, post } = await servicePosting({ redisUrl: proxy.url })
    onTestFinished(proxy.stop)
    await warm(service)
    proxy.blackHole(true)
    const answers = await postMany(post)
    for (const { status, body } of answers) {
      expect([status, ['store_unavailable', 'overloaded'].includes(body.code ?? '')]).toEqual([503, true])
    }
    expectInTime(answers)
  })

  test('when the commit is not acknowledged: 503, and nobody is told a decision', async () => {
    const { service, post } = await servicePosting({
      wrapStore: (store) => ({ ...store, commit: () => new Promise(() => {}), read: () => new Promise(() => {}) })
    })
    await warm(service)
    const answers = await postMany(post)
    for (const { status, body } of answers) {
      expect([status, body.decision]).toEqual([503, undefined])
    }
    expectInTime(answers)
  })
})
