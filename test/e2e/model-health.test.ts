import { expect, test } from 'vitest'
import { activeModelFolder, loadModel } from '../../src/inference/model.ts'
import { application } from '../support/app.ts'
import { assay, startGateway, startMonitor } from '../support/gateway-process.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'

const MODELS = new URL('../../models/', import.meta.url)
const DECISIONS = 20
const LONG_MS = 60_000

test(
  'decisions show as drift of the model that made them, and their outcomes as its quality, in the real processes',
  async () => {
    const { manifest } = await loadModel(await activeModelFolder(MODELS, 'credit'))
    const prefix = uniqueProcessPrefix('health')
    const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix, TOKEN_KEY: 'ab'.repeat(32) }
    const [gateway, monitor] = await Promise.all([startGateway(env), startMonitor(env)])
    const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', 'demo', '--json'], env)) as { key: string }
    const post = async (path: string, body: object) => {
      const answer = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
      expect(answer.status, path).toBe(200)
      return answer.json() as Promise<{ decisionId: string; score: object | null; counted: number }>
    }
    const metricsOf = async ({ opsUrl }: { opsUrl: string }) => {
      const text = await (await fetch(`${opsUrl}/metrics`)).text()
      return Object.fromEntries(text.split('\n').map((line) => line.split(/ (?=[^ ]*$)/)))
    }

    const decisions = []
    for (let decided = 0; decided < DECISIONS; decided++) decisions.push(await post('/v1/decisions', application()))
    const scored = decisions.filter(({ score }) => score !== null)
    expect(scored.length).toBeGreaterThan(0)
    const outcomes = scored.map(({ decisionId }) => ({ decisionId, outcome: 'good', observedAtMs: Date.now() }))
    expect(await post('/v1/outcomes', { outcomes })).toMatchObject({ counted: scored.length })

    const of = `model="credit",version="${manifest.version}"`
    const measured = (await metricsOf(gateway))[`credit_drift_decisions{${of},window="1h"}`]
    // A model of before drift was measured has no reference.
    expect(measured).toBe(manifest.drift === undefined ? undefined : String(DECISIONS))
    const told = await metricsOf(monitor)
    expect(told[`credit_model_outcomes{${of},outcome="good"}`]).toBe(String(scored.length))
    expect(told[`credit_model_outcomes{${of},outcome="bad"}`]).toBe('0')
  },
  LONG_MS
)
