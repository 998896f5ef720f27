import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'

const ledgerLength = async ({ redis, keys }: TestApp): Promise<number> => {
  const lengths = await Promise.all(Array.from({ length: 64 }, (_, partition) => redis.xlen(keys.ledger(partition))))
  return lengths.reduce((sum, length) => sum + length, 0)
}

describe('one application gets one decision', () => {
  test('the same application again returns the same bytes and says that it is a replay', async () => {
    let scored = 0
    const service = await buildTestApp({ score: () => approve(scored++ === 0 ? 0.05 : 0.5) })
    const request = application()
    const first = await postDecision(service, request)
    expect(first.headers['idempotent-replay']).toBeUndefined()
    const reordered = Object.fromEntries(Object.entries(request).reverse())
    for (const payload of [request, reordered]) {
      const again = await postDecision(service, payload)
      expect(again.statusCode).toBe(200)
      expect(again.headers['idempotent-replay']).toBe('true')
      expect(again.body).toBe(first.body)
    }
    expect([scored, await ledgerLength(service)]).toEqual([1, 1])
  })

  test('a changed body under the same application is 422 and names the first decision', async () => {
    const service = await buildTestApp()
    const request = application()
    const { decisionId } = (await postDecision(service, request)).json<Decision>()
    const changed = await postDecision(service, { ...request, amountMinor: request.amountMinor + 50_000 })
    expect(changed.statusCode).toBe(422)
    expect(changed.headers['content-type']).toContain('application/problem+json')
    expect(changed.json()).toMatchObject({
      code: 'application_conflict',
      decisionId,
      errors: [{ field: '/applicationId' }]
    })
    expect(await ledgerLength(service)).toBe(1)
  })

  test('a key that was used for one application is 422 for another', async () => {
    const service = await buildTestApp()
    const key = { 'idempotency-key': 'key-1' }
    expect((await postDecision(service, application(), key)).statusCode).toBe(200)
    const other = await postDecision(service, application(), key)
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency_conflict'])
    const elsewhere = await service.app.inject({
      method: 'POST',
      url: '/v1/decisions',
      headers: { ...service.beta, ...key },
      payload: application()
    })
    expect(elsewhere.statusCode, 'another partner’s key of the same name').toBe(200)
  })

  test('a key goes with its application: the same key and body is a replay', async () => {
    const service = await buildTestApp()
    const request = application()
    const first = await postDecision(service, request, { 'idempotency-key': 'k' })
    const again = await postDecision(service, request, { 'idempotency-key': 'k' })
    const otherKey = await postDecision(service, request, { 'idempotency-key': 'another' })
    expect([again.body, otherKey.body]).toEqual([first.body, first.body])
    const elsewhere = await postDecision(service, application(), { 'idempotency-key': 'another' })
    expect(elsewhere.json().code, 'a key that came with a replay stands for it').toBe('idempotency_conflict')
  })

  test('fifty concurrent posts of one application under different keys make one decision', async () => {
    const service = await buildTestApp()
    const request = application()
    const posts = Array.from({ length: 50 }, (_, index) =>
      postDecision(service, request, { 'idempotency-key': `k${index}` })
    )
    const answers = await Promise.all(posts)
    const decided = answers.filter(({ statusCode }) => statusCode === 200)
    expect(new Set(decided.map(({ body }) => body)).size).toBe(1)
    expect(answers.filter(({ statusCode }) => statusCode !== 200 && statusCode !== 409)).toEqual([])
    for (const { statusCode, headers } of answers) if (statusCode === 409) expect(headers['retry-after']).toBe('1')
    expect(await ledgerLength(service)).toBe(1)
    expect((await postDecision(service, request)).body).toBe(decided[0]?.body)
  })

  test('a refused body stores nothing: corrected, the same key and application are decided', async () => {
    const service = await buildTestApp()
    const request = application()
    const key = { 'idempotency-key': 'k' }
    expect((await postDecision(service, { ...request, amountMinor: -1 }, key)).statusCode).toBe(400)
    expect((await postDecision(service, request, key)).statusCode).toBe(200)
  })

  test('who lost the claim to a slower clock cannot commit: the fencing token refuses it', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    let tries = 0
    const service = await buildTestApp({
      leaseMs: 30,
      score: () => (++tries === 1 ? held.then(() => approve(0.5)) : approve())
    })
    const request = application()
    const slow = postDecision(service, request).then((response) => response)
    let fast = await postDecision(service, request)
    while (fast.statusCode === 409) fast = await postDecision(service, request)
    letGo()
    const late = await slow
    expect([fast.statusCode, late.statusCode]).toEqual([200, 409])
    expect((await postDecision(service, request)).body).toBe(fast.body)
    expect(await ledgerLength(service)).toBe(1)
  })

  test.each(['', 'a b', 'ключ', 'x'.repeat(256), '{p01}:*'])(
    'the key “%s” is refused before anything is stored',
    async (key) => {
      const service = await buildTestApp()
      const response = await postDecision(service, application(), {
        'idempotency-key': encodeURIComponent(key).includes('%D') ? '%D' : key
      })
      expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_idempotency_key'])
      expect(await ledgerLength(service)).toBe(0)
    }
  )
})
