import { describe, expect, test, vi } from 'vitest'
import type { StageTimes, TimedStage } from '../../src/decisions/stage-times.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { EXPLAIN_NONE, type ExplainFrom, type ScoreOutcome } from '../../src/inference/scorer.ts'
import { readStored } from '../redis/stored.ts'
import { application, approve, buildTestApp, postDecision } from '../support/app.ts'

/** A decision with 2 s is at a rung by how long a score is thought to take. */
const SCORE_MS = { full: 1, noShadow: 800, noReasons: 1300, noModel: 2500 } as const
const timesWith = (known: Partial<Record<TimedStage, number>>) => ({
  observe: () => {},
  of: (stage: TimedStage) => ({ usualMs: known[stage] ?? 0, boundMs: known[stage] ?? 0 })
})

const worst = (contributions: Float64Array | null): ScoreOutcome => ({ kind: 'scored', pd: 0.9, contributions })

async function serviceAt(rung: keyof typeof SCORE_MS, pd: number) {
  const shadow = vi.fn()
  const score = vi.fn((_row: Float32Array, explainFrom?: ExplainFrom): ScoreOutcome => {
    return pd < 0.1 ? approve(pd) : worst(explainFrom === EXPLAIN_NONE ? null : Float64Array.of(0.3, 0.1))
  })
  const service = await buildTestApp({
    score,
    times: timesWith({ score: SCORE_MS[rung] }),
    wrapLineup: (alone) => ({ ...alone, hasShadow: true, afterwards: shadow })
  })
  const answer = await postDecision(service, application())
  const fallbacks = await service.metrics.registry.getSingleMetricAsString('credit_decision_fallback_total')
  return { service, shadow, score, answer, decision: answer.json<Decision>(), fallbacks }
}

describe('a decision with too little time', () => {
  test('has all of it while there is enough', async () => {
    const { decision, shadow, score } = await serviceAt('full', 0.05)
    expect([decision.decision, decision.trace.degraded, shadow.mock.calls.length]).toEqual(['APPROVE', [], 1])
    expect(score.mock.calls[0]?.[1]).toBeUndefined()
  })

  test('first goes without its shadow, and says so in answer, record and metric', async () => {
    const { service, answer, decision, shadow, fallbacks } = await serviceAt('noShadow', 0.05)
    expect([decision.decision, decision.trace.degraded]).toEqual(['APPROVE', ['LEFT_OUT:shadow']])
    expect(shadow).not.toHaveBeenCalled()
    expect(fallbacks).toContain('{component="LEFT_OUT:shadow",mode="default"} 1')
    const read = await service.app.inject({ url: decision.links.self, headers: service.alpha })
    expect(read.body).toBe(answer.body)
  })

  test('then without reasons: an approval needs none, and whom the score would decline goes to a person', async () => {
    const approved = await serviceAt('noReasons', 0.05)
    expect([approved.decision.decision, approved.score.mock.calls[0]?.[1]]).toEqual(['APPROVE', EXPLAIN_NONE])
    const { decision, fallbacks } = await serviceAt('noReasons', 0.9)
    expect(decision).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'SYS_INFERENCE_TIMEOUT' }],
      trace: { degraded: ['LEFT_OUT:shadow', 'LEFT_OUT:reasons'] }
    })
    expect(fallbacks).toContain('{component="LEFT_OUT:reasons",mode="refer"} 1')
  })

  test('then without the model, which is not asked: a person decides where the policy names no stand-in', async () => {
    const { decision, score, fallbacks } = await serviceAt('noModel', 0.05)
    expect(score).not.toHaveBeenCalled()
    expect(decision).toMatchObject({
      decision: 'REFER',
      score: null,
      trace: { degraded: ['SYS_INFERENCE_TIMEOUT', 'LEFT_OUT:model'] }
    })
    expect(fallbacks).toContain('{component="LEFT_OUT:model",mode="refer"} 1')
  })

  test('and with no time for the commit is none: 503, nothing stored, and decided when asked again', async () => {
    const known: Partial<Record<TimedStage, number>> = { commit: 3000 }
    const service = await buildTestApp({ times: timesWith(known) })
    const request = application()
    const late = await postDecision(service, request)
    expect([late.statusCode, late.json().code, late.headers['retry-after']]).toEqual([503, 'store_unavailable', '1'])
    const stored = Object.keys(await readStored(service.redis, service.keys.prefix))
    expect(stored.filter((key) => key.includes(':decision:'))).toEqual([])
    known.commit = 1
    await vi.waitFor(async () => expect((await postDecision(service, request)).statusCode).toBe(200), { interval: 20 })
  })
})

test('what each stage took is remembered once, whether it came to something or not', async () => {
  const clock = { atMs: 1_000_000 }
  const observe = vi.fn<StageTimes['observe']>()
  const service = await buildTestApp({
    times: { ...timesWith({}), observe },
    clock: { monotonicMs: () => clock.atMs },
    score: () => {
      clock.atMs += 7
      return approve()
    }
  })
  await postDecision(service, application())
  expect(observe.mock.calls).toEqual([
    ['begin', 0, 1_000_000],
    ['score', 7, 1_000_007],
    ['commit', 0, 1_000_007]
  ])
  observe.mockClear()
  service.redis.disconnect()
  expect((await postDecision(service, application())).statusCode).toBe(503)
  expect(observe.mock.calls).toEqual([['begin', 0, 1_000_007]])
})

describe('Assay-Deadline-Ms', () => {
  test.each(['0', '-1', '1.5', '100000', '1e3', 'soon', '', '10 '.repeat(2)])(
    '%j is refused by name before anything is stored',
    async (text) => {
      const service = await buildTestApp()
      const before = await readStored(service.redis, service.keys.prefix)
      const answer = await postDecision(service, application(), { 'assay-deadline-ms': text })
      expect(answer.json()).toMatchObject({
        status: 400,
        code: 'invalid_deadline',
        errors: [{ field: 'Assay-Deadline-Ms' }]
      })
      expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
    }
  )

  test('who has no key learns nothing of the header', async () => {
    const headers = { authorization: 'Bearer nobody', 'assay-deadline-ms': 'soon' }
    expect((await postDecision(await buildTestApp(), application(), headers)).statusCode).toBe(401)
  })

  test('gives the scorer what is left but for the commit, and never more than the service allows', async () => {
    const untilMs: number[] = []
    const service = await buildTestApp({
      deadlineMs: 600,
      clock: { monotonicMs: () => 0 },
      wrapLineup: (alone) => {
        const score = async (_row: Float32Array, deadlineAtMs: number) => {
          untilMs.push(deadlineAtMs)
          return approve()
        }
        return { ...alone, champion: { ...alone.champion, scorer: { score } } }
      }
    })
    for (const text of ['300', '99999', '50']) {
      const answer = await postDecision(service, application(), { 'assay-deadline-ms': text })
      expect(answer.statusCode, answer.body).toBe(200)
    }
    // 2 ms for the answer; 50 ms for the commit, or two fifths of a deadline of less than 125 ms.
    expect(untilMs).toEqual([300 - 2 - 50, 600 - 2 - 50, (50 - 2) * 0.6])
  })
})
