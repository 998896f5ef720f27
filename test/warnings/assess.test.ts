import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyChanges, changesOf, levelOf, type StandingWarning, worstLevel } from '../../src/warnings/assess.ts'
import { isAtLeast, LEVELS, type WarningRule } from '../../src/warnings/rules.ts'
import { warnedAt } from '../../src/warnings/timeline.ts'

const DAY_MS = 86_400_000
const AT_MS = Date.UTC(2026, 2, 1)
const RULE: WarningRule = {
  id: 'late',
  version: '3',
  signal: 'days',
  from: { yellow: 1, orange: 10, red: 30 },
  days: 20,
  meaning: 'Days late'
}

describe('the level of a sign', () => {
  test.each([
    [0, undefined],
    [1, 'yellow'],
    [9.99, 'yellow'],
    [10, 'orange'],
    [30, 'red'],
    [Number.NaN, undefined]
  ])('of %s is %s', (value, level) => {
    expect(levelOf(RULE, value)).toBe(level)
  })

  test('is left only a tenth below where it began', () => {
    expect(levelOf(RULE, 9, 'orange')).toBe('orange')
    expect(levelOf(RULE, 8.99, 'orange')).toBe('yellow')
    expect(levelOf(RULE, 9, 'yellow')).toBe('yellow')
  })
})

describe('warnings over time', () => {
  test('a sign is raised with its rule, version, evidence and end', () => {
    expect(seen([], 12, AT_MS)).toEqual([
      {
        rule: 'late',
        ruleVersion: '3',
        level: 'orange',
        kind: 'raised',
        raisedAtMs: AT_MS,
        expiresAtMs: AT_MS + 20 * DAY_MS,
        evidence: { days: 12 }
      }
    ])
  })

  test('a more urgent sign counts at once', () => {
    const standing = standAfter([], 2, AT_MS)
    expect(seen(standing, 31, AT_MS + 1)).toMatchObject([{ level: 'red', kind: 'raised' }])
  })

  test('a less urgent sign waits until the warning has ended, and is then raised as it is', () => {
    const standing = standAfter([], 31, AT_MS)
    expect(seen(standing, 2, AT_MS + 19 * DAY_MS)).toEqual([])
    expect(worstLevel(standing, AT_MS + 20 * DAY_MS - 1)).toBe('red')
    expect(worstLevel(standing, AT_MS + 20 * DAY_MS)).toBe(undefined)
    expect(seen(standing, 2, AT_MS + 20 * DAY_MS)).toMatchObject([{ level: 'yellow', kind: 'raised' }])
  })

  test('a sign that stays is told again in the second half of its life, and keeps when it was raised', () => {
    const standing = standAfter([], 12, AT_MS)
    expect(seen(standing, 12, AT_MS + 9 * DAY_MS)).toEqual([])
    const laterMs = AT_MS + 10 * DAY_MS
    expect(seen(standing, 12, laterMs)).toMatchObject([{ kind: 'renewed', expiresAtMs: laterMs + 20 * DAY_MS }])
    expect(standAfter(standing, 12, laterMs)).toMatchObject([{ raisedAtMs: AT_MS }])
  })

  test('what was told once changes nothing when it is looked at again, whatever stood before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 60, noNaN: true }), gap), { maxLength: 12 }), (steps) => {
        let standing: StandingWarning[] = []
        let nowMs = AT_MS
        for (const [value, gapMs] of steps) {
          nowMs += gapMs
          standing = standAfter(standing, value, nowMs)
          expect(seen(standing, value, nowMs)).toEqual([])
        }
      })
    )
  })

  test('a level never falls before its warning has ended', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 60, noNaN: true }), gap), { maxLength: 12 }), (steps) => {
        let standing: StandingWarning[] = []
        let nowMs = AT_MS
        for (const [value, gapMs] of steps) {
          nowMs += gapMs
          const before = worstLevel(standing, nowMs)
          standing = standAfter(standing, value, nowMs)
          const now = worstLevel(standing, nowMs)
          expect(before === undefined || (now !== undefined && isAtLeast(now, before))).toBe(true)
        }
      })
    )
  })

  test('an account is warned since its warnings last began without a gap', () => {
    const scan = (days: number, value: number) => ({ atMs: AT_MS + days * DAY_MS, signals: () => value })
    expect(warnedAt([RULE], [scan(0, 2), scan(15, 12), scan(21, 2)])).toEqual({
      yellow: AT_MS,
      orange: AT_MS + 15 * DAY_MS,
      red: undefined
    })
    expect(warnedAt([RULE], [scan(0, 2), scan(30, 2)]).yellow).toBe(AT_MS + 30 * DAY_MS)
    expect(warnedAt([RULE], [scan(0, 2), scan(30, 0)]).yellow).toBe(undefined)
  })
})

test('levels are in order of urgency', () => {
  expect(LEVELS.map((level) => isAtLeast(level, 'orange'))).toEqual([false, true, true])
})

const gap = fc.integer({ min: 0, max: 30 * DAY_MS })

function seen(standing: readonly StandingWarning[], value: number, nowMs: number) {
  return changesOf([RULE], () => value, standing, nowMs)
}

function standAfter(standing: readonly StandingWarning[], value: number, nowMs: number) {
  return applyChanges(standing, seen(standing, value, nowMs))
}
