import { describe, expect, test } from 'vitest'
import type { Lineup, Made, Serving } from '../../src/decisions/serving.ts'
import type { ScoreOutcome } from '../../src/inference/scorer.ts'
import { application, approve, buildTestApp, postDecision } from '../support/app.ts'

/** The champion’s parts under another name, with scores of its own. */
function challengedBy(score: () => Promise<ScoreOutcome>) {
  return (alone: Lineup): Lineup => {
    const { champion } = alone
    const answerContext = { ...champion.answerContext, modelIds: { credit: '9.9.9@sha256:1' } }
    const challenger: Serving = { ...champion, answerContext, scorer: { score } }
    return { ...alone, challengerOf: () => challenger }
  }
}

const answerOf = async (app: Awaited<ReturnType<typeof buildTestApp>>) =>
  (await postDecision(app, application())).json<{
    decision: string
    score: { pd: number }
    trace: { models: object; degraded: string[] }
  }>()

describe('a challenger', () => {
  test('decides with its own score, policy and name', async () => {
    const app = await buildTestApp({ wrapLineup: challengedBy(async () => approve(0.15)) })
    expect(await answerOf(app)).toMatchObject({ score: { pd: 0.15 }, trace: { models: { credit: '9.9.9@sha256:1' } } })
    const metrics = await app.metrics.registry.metrics()
    expect(metrics).toMatch(/credit_model_decisions_total\{[^}]*version="9.9.9"[^}]*\} 1/)
  })

  test.each<[string, () => Promise<ScoreOutcome>]>([
    ['fails', async () => ({ kind: 'fault', code: 'SYS_INFERENCE_UNAVAILABLE' })],
    ['is late', async () => ({ kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' })],
    ['says NaN', async () => approve(Number.NaN)],
    ['says more than one', async () => approve(1.5)]
  ])('that %s changes nothing: the champion decides as if it were alone', async (_what, score) => {
    const app = await buildTestApp({ wrapLineup: challengedBy(score) })
    expect(await answerOf(app)).toMatchObject({
      decision: 'APPROVE',
      score: { pd: 0.05 },
      trace: { models: { credit: 'test@sha256:0' }, degraded: [] }
    })
    expect(await app.metrics.registry.metrics()).toMatch(/^credit_challenger_faults_total(\{[^}]*\})? 1$/m)
  })

  test('gets a tenth of a second at most, so that the champion has the time that is left', async () => {
    const untils: number[] = []
    const wrapLineup = (alone: Lineup): Lineup => {
      const timed = (outcome: ScoreOutcome) => async (_row: Float32Array, untilMs: number) => {
        untils.push(untilMs)
        return outcome
      }
      const champion = { ...alone.champion, scorer: { score: timed(approve()) } }
      const fault: ScoreOutcome = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }
      return { ...alone, champion, challengerOf: () => ({ ...champion, scorer: { score: timed(fault) } }) }
    }
    const app = await buildTestApp({ wrapLineup, clock: { monotonicMs: () => 1000 } })
    await answerOf(app)
    // The deadline is 2,000 ms away, 50 of which are kept for the commit.
    expect(untils).toEqual([1100, 2948])
  })
})

test('what looks at decisions afterwards sees those that are durable, once, with what was decided', async () => {
  const seen: Made[] = []
  const wrapLineup = (alone: Lineup): Lineup => ({ ...alone, afterwards: (made) => void seen.push(made) })
  const app = await buildTestApp({ wrapLineup })
  const sent = application()
  const { decisionId } = (await postDecision(app, sent)).json<{ decisionId: string }>()
  await postDecision(app, sent)
  expect(seen).toMatchObject([{ decisionId, verdict: { outcome: 'APPROVE' }, assessment: { pd: 0.05 } }])
})
