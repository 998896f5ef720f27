import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import { createDrift } from '../../src/drift/drift.ts'
import { AssayError } from '../../src/errors.ts'
import type { DriftReference } from '../../src/inference/manifest.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const INPUTS = ['a.steady', 'b.moving', 'c.unmeasured', 'd.often_missing']
const QUARTERS = [0.25, 0.25, 0.25, 0.25]
const EDGES = [0.25, 0.5, 0.75]
const REFERENCE: DriftReference = {
  rows: 10_000,
  score: { edges: EDGES, shares: QUARTERS },
  inputs: [
    { name: 'd.often_missing', edges: [], shares: [1], missing: 0.5 },
    { name: 'a.steady', edges: EDGES, shares: QUARTERS, missing: 0 },
    { name: 'b.moving', edges: EDGES, shares: QUARTERS, missing: 0.1 }
  ]
}

function watched(reference = REFERENCE) {
  const time = { nowMs: 7 * HOUR_MS }
  const drift = createDrift(reference, INPUTS, { monotonicMs: () => time.nowMs })
  const random = createRandom(1)
  const observe = (rows: number, shift = 0) => {
    for (let row = 0; row < rows; row++) {
      const missing = random() < 0.5 ? Number.NaN : 1
      const moving = random() < 0.1 ? Number.NaN : Math.min(0.999, random() + shift)
      drift.observe(Float32Array.of(random(), moving, random(), missing), random())
    }
  }
  const read = () => {
    const { scores, features, counts } = drift.read()
    const [hour, day] = scores
    const of = (name: string) => features.find((feature) => feature.name === name)
    return { hour, day, counts, of, excessOf: (name: string) => of(name)?.stability?.excess ?? Number.NaN }
  }
  return { time, drift, observe, read }
}

describe('drift', () => {
  test('is not told of fewer than 1000 decisions', () => {
    const { observe, read } = watched()
    observe(999)
    expect(read().hour).toEqual({ window: '1h', decisions: 999, stability: null })
    expect(read().of('a.steady')).toEqual({ name: 'a.steady', stability: null, missing: null })
    observe(1)
    expect(read().hour?.stability?.sample).toBe(1000)
    expect(read().of('a.steady')?.stability).not.toBeNull()
    expect(read().of('d.often_missing'), 'of what was there, too few; of what was missing, enough').toMatchObject({
      stability: null,
      missing: expect.closeTo(0.5, 1)
    })
  })

  test('of one input is seen in it and in no other', () => {
    const { observe, read } = watched()
    observe(3000, 0.2)
    const { hour, excessOf } = read()
    expect(excessOf('b.moving')).toBeGreaterThan(0.25)
    expect(Math.abs(excessOf('a.steady'))).toBeLessThan(0.01)
    expect(Math.abs(hour?.stability?.excess ?? Number.NaN)).toBeLessThan(0.01)
  })

  test('is forgotten: by the hour after an hour, by the day after a day', () => {
    const { time, observe, read } = watched()
    observe(2000, 0.5)
    time.nowMs += HOUR_MS + 5 * MINUTE_MS
    expect(read()).toMatchObject({ hour: { decisions: 0 }, day: { decisions: 2000 } })
    observe(1500)
    expect(read()).toMatchObject({ hour: { decisions: 1500 }, day: { decisions: 3500 } })
    time.nowMs += 23 * HOUR_MS
    const { day, excessOf } = read()
    expect(day).toMatchObject({ decisions: 1500 })
    expect(Math.abs(excessOf('b.moving'))).toBeLessThan(0.02)
    time.nowMs += 400 * HOUR_MS
    expect(read()).toMatchObject({ day: { decisions: 0, stability: null } })
  })

  test('is of the last hour and the last day however long it goes on: every slot is cleared before it is used again', () => {
    const { time, observe, read } = watched()
    for (let slot = 0; slot < 700; slot++) {
      time.nowMs += 5 * MINUTE_MS
      observe(2)
    }
    expect(read()).toMatchObject({ hour: { decisions: 24 }, day: { decisions: 576 } })
  })

  test('counts since the start, whatever the windows forgot', () => {
    const { time, observe, read } = watched()
    for (let turn = 0; turn < 30; turn++) {
      observe(10)
      time.nowMs += 7 * HOUR_MS
    }
    const sums = read().counts.map(({ column, values }) => [column.name, values.reduce((sum, each) => sum + each, 0)])
    expect(sums).toEqual([
      ['score', 300],
      ['d.often_missing', 300],
      ['a.steady', 300],
      ['b.moving', 300]
    ])
  })

  test('reads a row behind another model’s inputs', () => {
    const { drift, read } = watched()
    drift.observe(Float32Array.of(9, 9, 0.1, 0.6, 9, Number.NaN), 0.3, 2)
    const of = (name: string) => read().counts.find(({ column }) => column.name === name)?.values
    expect(of('score')).toEqual(Float64Array.of(0, 1, 0, 0, 0))
    expect(of('a.steady')).toEqual(Float64Array.of(1, 0, 0, 0, 0))
    expect(of('b.moving')).toEqual(Float64Array.of(0, 0, 1, 0, 0))
    expect(of('d.often_missing')).toEqual(Float64Array.of(0, 1))
  })

  test('puts every value into the bin of the edges that it reaches, as the slow way does', () => {
    const value = fc.oneof(fc.float(), fc.constantFrom(0.25, 0.5, 0.75, Number.NaN, -0, Number.POSITIVE_INFINITY))
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
        const { drift, read } = watched()
        for (const each of values) drift.observe(Float32Array.of(each, 0, 0, 0), 0.5)
        const slow = [0, 0, 0, 0, 0]
        for (const each of values) {
          const bin = Number.isNaN(each) ? 4 : EDGES.filter((edge) => edge <= Math.fround(each)).length
          slow[bin] = (slow[bin] as number) + 1
        }
        const counted = read().counts.find(({ column }) => column.name === 'a.steady')?.values
        expect([...(counted ?? [])]).toEqual(slow)
      })
    )
  })
})

describe('a reference that cannot be measured against is refused', () => {
  const [first] = REFERENCE.inputs as [DriftReference['inputs'][number]]
  const input = (changes: object) => ({ ...REFERENCE, inputs: [{ ...first, ...changes }] })
  test.each([
    ['an input that is none', input({ name: 'x.other' }), '/inputs/0/name'],
    ['an input named twice', { ...REFERENCE, inputs: [first, first] }, '/inputs'],
    ['edges that do not rise', input({ edges: [1, 1], shares: [0.2, 0.3, 0.5] }), '/inputs/0/edges'],
    ['shares that do not fit the edges', input({ edges: [1] }), '/inputs/0/shares'],
    ['shares that do not add up', { ...REFERENCE, score: { edges: [0.5], shares: [0.5, 0.4] } }, '/score/shares']
  ])('%s', (_what, reference, field) => {
    let fault: unknown
    try {
      watched(reference)
    } catch (error) {
      fault = error
    }
    expect(fault).toBeInstanceOf(AssayError)
    expect((fault as AssayError).code).toBe('model_invalid')
    expect((fault as AssayError).problems.map((problem) => problem.field)).toContain(field)
  })

  test('but an input that was always missing is not: only how often it is missing can be told', () => {
    const { drift, read } = watched(input({ edges: [], shares: [0], missing: 1 }))
    for (let row = 0; row < 1000; row++) drift.observe(Float32Array.of(0, 0, 0, row % 2 === 0 ? 1 : Number.NaN), 0.5)
    expect(read().of('d.often_missing')).toEqual({
      name: 'd.often_missing',
      stability: null,
      missing: 0.5
    })
  })
})
