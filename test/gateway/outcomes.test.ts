import { describe, expect, test } from 'vitest'
import { MAX_OUTCOMES } from '../../src/gateway/routes/outcomes.ts'
import type { ScoreOutcome } from '../../src/inference/scorer.ts'
import { createRedisOutcomeStore } from '../../src/outcomes/redis-outcome-store.ts'
import { readStored } from '../redis/stored.ts'
import { application, approve, buildTestApp, postDecision, type TestApp, type TestAppOptions } from '../support/app.ts'

const NOW_MS = Date.UTC(2026, 5, 1, 12)
const MONTH_MS = 30 * 86_400_000
const UNKNOWN = '01a20b04-023e-7032-ba6a-6f2877a5bfec'

/** The service of one day, and what it is told a month later. */
async function decided(options: TestAppOptions = {}) {
  const time = { nowMs: NOW_MS }
  const service = await buildTestApp({ clock: { nowMs: () => time.nowMs }, ...options })
  const decide = async (): Promise<string> => (await postDecision(service, application())).json().decisionId
  const ids = [await decide(), await decide(), await decide()] as const
  time.nowMs += MONTH_MS
  return { service, ids, observedAtMs: time.nowMs }
}

const post = ({ app, alpha }: TestApp, outcomes: unknown, headers: Record<string, string> = alpha) =>
  app.inject({ method: 'POST', url: '/v1/outcomes', headers, payload: { outcomes } })
const resultsOf = async (answer: ReturnType<typeof post>) =>
  (await answer).json().results.map(({ result }: { result: string }) => result)

const calibrationsOf = async ({ redis, keys }: TestApp) =>
  (await createRedisOutcomeStore({ redis, keys, keepMs: 1 }).readCalibrations()).map(
    ({ model, version, calibration }) => {
      const sum = (values: Float64Array) => values.reduce((total, each) => total + each, 0)
      return [model, version, sum(calibration.good), sum(calibration.bad), sum(calibration.expected)]
    }
  )

describe('outcomes', () => {
  test('are joined with the score of their decision and counted for its model, each with an answer of its own', async () => {
    const { service, ids, observedAtMs } = await decided()
    const [one, two] = ids
    const answer = await post(service, [
      { decisionId: one, outcome: 'good', observedAtMs, source: 'repayment' },
      { decisionId: UNKNOWN, outcome: 'bad', observedAtMs },
      { decisionId: two, outcome: 'bad', observedAtMs },
      { decisionId: one, outcome: 'good', observedAtMs }
    ])
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        counted: 2,
        results: [
          { decisionId: one, result: 'counted' },
          { decisionId: UNKNOWN, result: 'unknown_decision' },
          { decisionId: two, result: 'counted' },
          { decisionId: one, result: 'repeated' }
        ]
      }
    ])
    expect(await calibrationsOf(service)).toEqual([['credit', 'test', 1, 1, 0.1]])
    const text = await service.metrics.registry.metrics()
    expect(text).toContain('credit_outcomes_total{result="counted"} 2')
    expect(text).toContain('credit_outcomes_total{result="unknown_decision"} 1')
  })

  test('of another partner’s decision are those of none, and change nothing', async () => {
    const { service, ids, observedAtMs } = await decided()
    const before = await readStored(service.redis, service.keys.prefix)
    const outcome = { decisionId: ids[0], outcome: 'bad', observedAtMs }
    expect(await resultsOf(post(service, [outcome], service.beta))).toEqual(['unknown_decision'])
    expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
    expect(await resultsOf(post(service, [outcome]))).toEqual(['counted'])
  })

  test('that differ: the later one counts, an earlier one is a conflict', async () => {
    const { service, ids, observedAtMs } = await decided()
    const told = (outcome: string, at: number) =>
      resultsOf(post(service, [{ decisionId: ids[0], outcome, observedAtMs: at }]))
    expect(await told('good', observedAtMs - 1000)).toEqual(['counted'])
    expect(await told('bad', observedAtMs)).toEqual(['replaced'])
    expect(await told('good', observedAtMs - 1000)).toEqual(['conflict'])
    expect(await calibrationsOf(service)).toEqual([['credit', 'test', 0, 1, 0.05]])
  })

  test('cannot be known before the decision, nor in the future', async () => {
    const { service, ids, observedAtMs } = await decided()
    const told = (at: number) => post(service, [{ decisionId: ids[0], outcome: 'good', observedAtMs: at }])
    expect(await resultsOf(told(NOW_MS - 1))).toEqual(['too_early'])
    const future = await told(observedAtMs + 301_000)
    expect([future.statusCode, future.json().errors[0].field]).toEqual([400, '/outcomes/0/observedAtMs'])
    expect(await calibrationsOf(service)).toEqual([])
  })

  test('of a decision without a usable score are remembered and not counted', async () => {
    const scores: ScoreOutcome[] = [{ kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }, approve(Number.NaN), approve(0.2)]
    const { service, ids, observedAtMs } = await decided({ score: () => scores.shift() as ScoreOutcome })
    const outcomes = ids.map((decisionId) => ({ decisionId, outcome: 'bad', observedAtMs }))
    expect(await resultsOf(post(service, outcomes))).toEqual(['unscored', 'unscored', 'counted'])
    expect(await resultsOf(post(service, outcomes))).toEqual(['repeated', 'repeated', 'repeated'])
    expect(await calibrationsOf(service)).toEqual([['credit', 'test', 0, 1, 0.2]])
  })

  test.each([
    ['none', [], '/outcomes'],
    [
      'one too many',
      Array(MAX_OUTCOMES + 1).fill({ decisionId: UNKNOWN, outcome: 'good', observedAtMs: NOW_MS }),
      '/outcomes'
    ],
    ['a word that is neither', [{ decisionId: UNKNOWN, outcome: 'fine', observedAtMs: NOW_MS }], '/outcomes/0/outcome'],
    ['seconds', [{ decisionId: UNKNOWN, outcome: 'good', observedAtMs: NOW_MS / 1000 }], '/outcomes/0/observedAtMs'],
    ['no id', [{ decisionId: 'x', outcome: 'good', observedAtMs: NOW_MS }], '/outcomes/0/decisionId'],
    ['a name', [{ decisionId: UNKNOWN, outcome: 'good', observedAtMs: NOW_MS, name: 'Li' }], '/outcomes/0/name'],
    [
      'a source of one’s own',
      [{ decisionId: UNKNOWN, outcome: 'good', observedAtMs: NOW_MS, source: 'Li' }],
      '/outcomes/0/source'
    ]
  ])('are refused with %s', async (_what, outcomes, field) => {
    const service = await buildTestApp()
    const answer = await post(service, outcomes)
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'invalid_request'])
    expect(answer.json().errors.map((error: { field: string }) => error.field)).toContain(field)
  })

  test('as many as are allowed fit into one post, printed to be read, and are answered in their order', async () => {
    const { service, ids, observedAtMs } = await decided()
    const outcome = { decisionId: ids[0], outcome: 'good', observedAtMs, source: 'collection' }
    const outcomes = [...Array(MAX_OUTCOMES - 1).fill(outcome), { ...outcome, decisionId: UNKNOWN }]
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/outcomes',
      headers: { ...service.alpha, 'content-type': 'application/json' },
      payload: JSON.stringify({ outcomes }, null, 2)
    })
    expect(answer.statusCode, answer.body.slice(0, 200)).toBe(200)
    const results = answer.json().results.map(({ result }: { result: string }) => result)
    expect(results).toEqual(['counted', ...Array(MAX_OUTCOMES - 2).fill('repeated'), 'unknown_decision'])
  })

  test('hold no personal data, and what Redis holds of them is their decision’s id and counts', async () => {
    const { service, ids, observedAtMs } = await decided()
    const before = await readStored(service.redis, service.keys.prefix)
    await post(service, [{ decisionId: ids[0], outcome: 'good', observedAtMs, source: 'bureau' }])
    const after = await readStored(service.redis, service.keys.prefix)
    const added = [...after].filter(([name]) => !before.has(name))
    expect(added.map(([name]) => name.replace(/.*\}:/, '')).sort()).toEqual(['calibration', `outcome:alpha:${ids[0]}`])
    expect(added.find(([name]) => name.includes('outcome'))?.[1]).toBe(`g${observedAtMs} bureau`)
  })

  test('that cannot be noted now are 503, and may be sent again', async () => {
    const { service, ids, observedAtMs } = await decided()
    service.redis.disconnect()
    const answer = await post(service, [{ decisionId: ids[0], outcome: 'good', observedAtMs }])
    expect([answer.statusCode, answer.json().code, answer.json().retryable]).toEqual([503, 'store_unavailable', true])
  })
})
