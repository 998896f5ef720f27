import { describe, expect, test } from 'vitest'
import { buildOps } from '../../src/gateway/ops.ts'
import { createMetrics } from '../../src/metrics.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'

describe('health', () => {
  test('/healthz and /readyz answer without a key', async () => {
    const { app } = await buildTestApp()
    const [alive, ready] = [await app.inject('/healthz'), await app.inject('/readyz')]
    expect([alive.statusCode, alive.json()]).toEqual([200, { status: 'alive' }])
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready', reasons: [] }])
  })

  test('/readyz of the private port is 503 with the reasons while something is missing, /healthz stays 200', async () => {
    const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
    let missing: string[] = ['redis is connecting']
    const ops = await buildOps({ metrics, notReady: () => missing })
    const notReady = await ops.inject('/readyz')
    expect([notReady.statusCode, notReady.json()]).toEqual([503, { status: 'not_ready', reasons: missing }])
    expect((await ops.inject('/healthz')).statusCode).toBe(200)
    missing = []
    expect((await ops.inject('/readyz')).statusCode).toBe(200)
    await ops.close()
  })

  test('metrics are on the private port, in the format of Prometheus, and 404 or refused on the public one', async () => {
    const service = await buildTestApp()
    await postDecision(service, application())
    expect((await service.app.inject('/metrics')).statusCode).toBe(401)
    expect((await service.app.inject({ url: '/metrics', headers: service.alpha })).statusCode).toBe(404)
    const ops = await buildOps({ metrics: service.metrics, notReady: () => [] })
    const scraped = await ops.inject('/metrics')
    expect([scraped.statusCode, scraped.headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')])
    expect(scraped.body).toContain(
      'credit_decisions_total{product="cash",channel="api",decision="APPROVE",stage="FINAL"} 1'
    )
    expect(scraped.body).toMatch(/credit_decision_stage_duration_seconds_bucket\{le="0.00025",stage="begin"\}/)
    expect(scraped.body).toContain('credit_decision_duration_seconds_count{product="cash",path="auto"} 1')
    await ops.close()
  })

  test('a request past the limit in flight is 503 at once and says when to come back; health is not counted', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const { promise: scoring, resolve: started } = Promise.withResolvers<void>()
    const service = await buildTestApp({
      maxInFlight: 1,
      score: async () => {
        started()
        await held
        return { kind: 'scored', pd: 0.05, contributions: Float64Array.of(0, 0) }
      }
    })
    const first = postDecision(service, application()).then((response) => response)
    await scoring
    const shed = await postDecision(service, application())
    expect([shed.statusCode, shed.json().code, shed.headers['retry-after']]).toEqual([503, 'overloaded', '1'])
    expect((await service.app.inject('/healthz')).statusCode).toBe(200)
    letGo()
    expect((await first).statusCode).toBe(200)
    expect((await postDecision(service, application())).statusCode).toBe(200)
  })
})
