import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { madeUpTrees, spreadRows } from '../../load-tests/bench/score/made-up.ts'
import { openSession, type ScoreRow } from '../../load-tests/bench/score/measure.ts'
import { toOnnx } from '../../load-tests/bench/score/onnx.ts'
import { parseScoreOptions } from '../../load-tests/bench/score/options.ts'
import {
  checkScoreGoals,
  decisionLine,
  type Measured,
  scoreJson,
  scoreTable
} from '../../load-tests/bench/score/report.ts'
import { OptionError } from '../../load-tests/command-line.ts'
import { createRandom } from '../../load-tests/random.ts'
import { treeMargin } from '../../src/inference/attribution.ts'

describe('a network written by hand', () => {
  test.each([
    { trees: 1, depth: 1, inputCount: 1 },
    { trees: 7, depth: 3, inputCount: 5 },
    { trees: 100, depth: 4, inputCount: 40 },
    { trees: 3, depth: 8, inputCount: 200 }
  ])('is its trees to the bit: $trees of depth $depth over $inputCount inputs', async (size) => {
    const random = createRandom(7)
    const trees = madeUpTrees(random, size)
    const rows = spreadRows(random, trees, size.inputCount, 200)
    expect(rows.some((row) => row.some(Number.isNaN))).toBe(true)
    const session = await openSession(toOnnx(trees, size.inputCount))
    const packed = Float32Array.from(rows.flatMap((row) => [...row]))
    const outputs = await session.run({ features: new Tensor('float32', packed, [200, size.inputCount]) })
    const [margin, pd] = ['margin', 'pd'].map((name) => [...(outputs[name] as Tensor).data])
    expect(margin).toEqual(rows.map((row) => treeMargin(trees, row)))
    rows.forEach((row, index) => {
      const expected = 1 / (1 + Math.exp(-treeMargin(trees, row)))
      expect(pd?.[index]).toBeCloseTo(expected, 6)
    })
    await session.release()
  })
})

const row = (batch: number, rest: Partial<ScoreRow> = {}): ScoreRow => {
  return { batch, bare: 2, pool: 4, poolWithReasons: 12, reasons: 7, ...rest }
}
const ROWS = [row(1), row(8), row(32)]
const MEASURED: Measured = {
  rows: ROWS,
  madeUp: ROWS,
  decision: { micros: { gateway: 100, redis: 60 }, decisionsPerSecond: 8000, otherCores: 0 }
}
const holding = (measured: Measured) => checkScoreGoals(measured).map(({ holds }) => holds)

describe('the report on scores', () => {
  test('has the agreed members in JSON and no others', () => {
    const part = { bare: 2, pool: 4, poolWithReasons: 12 }
    expect(scoreJson(MEASURED)).toEqual({
      rows: [1, 8, 32].map((batch) => ({ batch, ...part })),
      // 30 % of the 8 µs that reasons add in the pool, of 160.
      reasonsShareOfDecision: 0.015
    })
  })

  test('counts the dearer of two ways to tell what reasons cost', () => {
    const rows = [row(1), row(8), row(32, { reasons: 16 })]
    expect(scoreJson({ ...MEASURED, rows }).reasonsShareOfDecision).toBe(0.03)
  })

  test('says of each goal whether it holds, at its very edge', () => {
    expect(holding(MEASURED)).toEqual([true, true, true, true, true])
    expect(holding({ ...MEASURED, rows: [row(1), row(8, { pool: 4.01 }), row(32)] })).toEqual([
      false,
      true,
      true,
      true,
      true
    ])
    expect(holding({ ...MEASURED, madeUp: [row(1), row(8), row(32, { poolWithReasons: 14.01 })] })).toEqual([
      true,
      true,
      true,
      false,
      true
    ])
    const cheap = { ...MEASURED.decision, micros: { gateway: 10, redis: 5 } }
    expect(holding({ ...MEASURED, decision: cheap })).toEqual([true, true, true, true, false])
  })

  test('prints what it measured', () => {
    expect(scoreTable('credit 1.1.0', ROWS)).toMatch(/32 +2\.00 +4\.00 +2\.00 × +12\.00 +6\.00 × +7\.00 +3\.50 ×/)
    expect(decisionLine(MEASURED.decision)).toContain('8,000 a second): 160 µs of CPU')
  })
})

describe('the options of bench:score', () => {
  test('are few', () => {
    expect(parseScoreOptions([])).toEqual({ jsonFile: undefined, version: undefined })
    expect(parseScoreOptions(['--version', '1.1.0'])).toMatchObject({ version: '1.1.0' })
    expect(parseScoreOptions(['-h'])).toBe('help')
  })

  test.each([['--nope'], ['--version=../../x'], ['--json=/nowhere/file.json'], ['surplus']])(
    '%s is refused',
    (argument) => {
      expect(() => parseScoreOptions([argument])).toThrow(OptionError)
    }
  )
})
