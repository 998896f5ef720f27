import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  chooseRung,
  leftOutBy,
  leftOutOf,
  RUNGS,
  referUnexplained,
  type StageTime
} from '../../src/decisions/ladder.ts'
import { createStageTimes, type TimedStage } from '../../src/decisions/stage-times.ts'
import type { Verdict } from '../../src/policy/engine.ts'

const ms = fc.double({ min: 0, max: 10_000, noNaN: true })
const stageTime: fc.Arbitrary<StageTime> = fc
  .tuple(ms, ms)
  .map(([usualMs, more]) => ({ usualMs, boundMs: usualMs + more }))
const heightOf = (rung: (typeof RUNGS)[number]) => -RUNGS.indexOf(rung)

describe('the rung', () => {
  test('is never lower for more time, nor for faster stages', () => {
    fc.assert(
      fc.property(
        ms,
        ms,
        stageTime,
        stageTime,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (some, more, score, commit, part) => {
          const rung = heightOf(chooseRung(some, score, commit))
          expect(heightOf(chooseRung(some + more, score, commit))).toBeGreaterThanOrEqual(rung)
          const faster = { usualMs: score.usualMs * part, boundMs: score.boundMs * part }
          expect(heightOf(chooseRung(some, faster, commit))).toBeGreaterThanOrEqual(rung)
        }
      )
    )
  })

  test('is none that takes longer than there is, by what stages take', () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 20_000 }), stageTime, stageTime, (remainingMs, score, commit) => {
        const rung = chooseRung(remainingMs, score, commit)
        const needsMs = { full: 3, noShadow: 2, noReasons: 1, noModel: 0, none: -1 }[rung] * score.boundMs
        if (rung === 'none') expect(remainingMs > 0 && remainingMs >= commit.usualMs).toBe(false)
        else if (rung === 'noModel') expect(remainingMs).toBeGreaterThanOrEqual(commit.usualMs)
        else expect(remainingMs - commit.boundMs).toBeGreaterThan(needsMs)
      })
    )
  })

  test.each([
    [100, 'full'],
    [70, 'noShadow'],
    [50, 'noReasons'],
    [30, 'noModel'],
    [9, 'none'],
    [0, 'none'],
    [Number.NaN, 'none']
  ] as const)('with %s ms left, a score of 20 and a commit of 10 to 20, is %s', (remainingMs, rung) => {
    const score = { usualMs: 10, boundMs: 20 }
    expect(chooseRung(remainingMs, score, { usualMs: 10, boundMs: 20 })).toBe(rung)
  })
})

describe('what was left out', () => {
  const verdict = (changes: Partial<Verdict> = {}): Verdict => {
    return { outcome: 'DECLINE', score: null, limit: null, offers: [], reasons: [], utcOffsetMinutes: null, ...changes }
  }
  const scored = (contributions: Float64Array | null) => ({ kind: 'scored', pd: 0.5, contributions }) as const

  test('is said only where something is missing', () => {
    const declined = [verdict(), scored(null)] as const
    expect(leftOutBy('full', ...declined, true)).toEqual([])
    expect(leftOutBy('noShadow', ...declined, true)).toEqual(['LEFT_OUT:shadow'])
    expect(leftOutBy('noShadow', ...declined, false)).toEqual([])
    expect(leftOutBy('noReasons', ...declined, true)).toEqual(['LEFT_OUT:shadow', 'LEFT_OUT:reasons'])
    expect(leftOutBy('noReasons', verdict(), scored(Float64Array.of(1)), false)).toEqual([])
    expect(leftOutBy('noReasons', verdict({ outcome: 'APPROVE' }), scored(null), false)).toEqual([])
    expect(leftOutBy('noModel', ...declined, true)).toEqual(['LEFT_OUT:model'])
    expect(leftOutOf(['SYS_OVERLOAD', 'LEFT_OUT:reasons', 'LEFT_OUT:else'])).toEqual(['LEFT_OUT:reasons'])
  })

  test('never declines: without reasons a person decides, with those of a rule the rule does', () => {
    const referred = { outcome: 'REFER', reasons: [{ code: 'SYS_INFERENCE_TIMEOUT', rank: 1 }] }
    expect(referUnexplained(verdict(), ['LEFT_OUT:reasons'])).toMatchObject(referred)
    const byRule = verdict({ reasons: [{ code: 'R201', rank: 1, text: { zh: '', en: '' } }] })
    expect(referUnexplained(byRule, ['LEFT_OUT:reasons'])).toBe(byRule)
    const whole = verdict()
    expect(referUnexplained(whole, ['LEFT_OUT:shadow'])).toBe(whole)
  })
})

describe('how long stages take', () => {
  const timesOf = () => {
    const clock = { nowMs: 0 }
    const times = createStageTimes()
    return {
      clock,
      times: {
        of: (stage: TimedStage) => times.of(stage, clock.nowMs),
        observe: (stage: TimedStage, ms: number) => times.observe(stage, ms, clock.nowMs)
      }
    }
  }

  test('is nothing before the first, and a steady time is what is known of it', () => {
    const { times } = timesOf()
    expect(times.of('commit')).toEqual({ usualMs: 0, boundMs: 0 })
    for (let count = 0; count < 200; count++) times.observe('commit', 7)
    expect(times.of('commit').usualMs).toBeCloseTo(7, 6)
    expect(times.of('commit').boundMs).toBeCloseTo(7, 3)
    expect(times.of('score').usualMs).toBe(0)
  })

  test('bounds nearly all of times that differ', () => {
    const { times } = timesOf()
    let above = 0
    for (let count = 0; count < 2000; count++) {
      const took = 5 + ((count * 7919) % 100) / 10
      if (count > 200 && took > times.of('score').boundMs) above++
      times.observe('score', took)
    }
    expect(above).toBeLessThan(20)
  })

  test('rises with a stall, and what nothing renews is half forgotten in a second', () => {
    const { clock, times } = timesOf()
    for (let count = 0; count < 100; count++) times.observe('score', 2)
    for (let count = 0; count < 20; count++) times.observe('score', 600)
    const { usualMs, boundMs } = times.of('score')
    expect(usualMs).toBeGreaterThan(200)
    clock.nowMs = 1000
    expect(times.of('score').boundMs).toBeCloseTo(boundMs / 2, 6)
    clock.nowMs = 10_000
    expect(times.of('score').boundMs).toBeLessThan(2)
  })
})
