import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssayError } from '../../src/errors.ts'
import {
  agreementOf,
  createScorecardMargin,
  parseScorecard,
  type ScorecardDefinition
} from '../../src/inference/scorecard.ts'

const FILE = new URL('file:///models/credit/9.9.9/scorecard.json')
const NAMES = ['age', 'lateShare', 'amount', 'notUsed']

/** Made up. Margins worked out by hand: 0.5 + lateShare + amount. */
const CARD: ScorecardDefinition = {
  intercept: 0.5,
  inputs: [
    {
      name: 'lateShare',
      group: 'R101',
      edges: [Math.fround(1 / 3), Math.fround(2 / 3)],
      values: [-1, 0.25, 2],
      missing: 0.125
    },
    { name: 'amount', group: 'R132', edges: [], values: [0.0625], missing: -4 }
  ],
  reference: [-1, 0.0625],
  golden: {
    rows: [
      [0, 10],
      [Math.fround(1 / 3), 10],
      [0.9, null],
      [null, null]
    ],
    margin: [-0.4375, 0.8125, -1.5, -3.375]
  }
}

const scoreOf = (features: Record<string, number>, card = CARD) =>
  parseScorecard(card, FILE).compile(NAMES)(Float64Array.from(NAMES, (name) => features[name] ?? Number.NaN))

describe('a scorecard', () => {
  test('turns features into a probability and what each input adds beyond the reference applicant', () => {
    const { pd, contributions } = scoreOf({ lateShare: 0.5, amount: 7 })
    expect(pd).toBe(1 / (1 + Math.exp(-0.8125)))
    expect([...contributions]).toEqual([1.25, 0])
  })

  test('has a value of its own for what is missing, and the last bin for what is above all edges', () => {
    expect([...scoreOf({ lateShare: Number.POSITIVE_INFINITY }).contributions]).toEqual([3, -4.0625])
    expect([...scoreOf({ lateShare: Number.NEGATIVE_INFINITY, amount: 1 }).contributions]).toEqual([0, 0])
    expect([...scoreOf({}).contributions]).toEqual([1.125, -4.0625])
  })

  test('puts two thirds where training put them: on the edge, although the double is just below its float32', () => {
    expect(2 / 3).toBeLessThan(Math.fround(2 / 3))
    expect(scoreOf({ lateShare: 2 / 3, amount: 1 }).contributions[0]).toBe(3)
    expect(scoreOf({ lateShare: 0.6666, amount: 1 }).contributions[0]).toBe(1.25)
  })

  test('keeps what it said of one person when it scores the next', () => {
    const score = parseScorecard(CARD, FILE).compile(NAMES)
    const first = score(Float64Array.of(30, 0.9, 1, 0))
    score(Float64Array.of(30, 0, 1, 0))
    expect([...first.contributions]).toEqual([3, 0])
  })

  const edges = fc
    .uniqueArray(fc.integer({ min: -20, max: 20 }), { maxLength: 6 })
    .map((all) => all.sort((a, b) => a - b))
  const amount = fc.double({ min: -3, max: 3, noNaN: true })
  const inputs = fc.array(
    edges.chain((rising) =>
      fc.record({
        edges: fc.constant(rising),
        values: fc.array(amount, { minLength: rising.length + 1, maxLength: rising.length + 1 }),
        missing: amount
      })
    ),
    { minLength: 1, maxLength: 5 }
  )
  const value = fc.oneof(fc.integer({ min: -21, max: 21 }), fc.double({ min: -25, max: 25 }))

  test('adds up to the same bits as the plain sum in the order of its inputs', () => {
    fc.assert(
      fc.property(inputs, fc.array(value, { minLength: 5, maxLength: 5 }), amount, (some, row, intercept) => {
        const card = {
          ...CARD,
          intercept,
          inputs: some.map((input, index) => ({ ...input, name: `input${index}`, group: 'R101' as const }))
        }
        const added = some.map(({ edges: rising, values, missing }, index) => {
          const of = row[index] as number
          return Number.isNaN(of) ? missing : (values[rising.filter((edge) => edge <= of).length] as number)
        })
        const into = new Float64Array(some.length)
        const margin = createScorecardMargin(card)(Float64Array.from(row), into)
        expect(
          Object.is(
            margin,
            added.reduce((sum, each) => sum + each, intercept)
          )
        ).toBe(true)
        expect([...into]).toEqual(added)
      })
    )
  })
})

describe('a scorecard that is not sound is refused, the file and the cause named', () => {
  const [late, amount] = CARD.inputs as [ScorecardDefinition['inputs'][number], ScorecardDefinition['inputs'][number]]
  const { rows, margin } = CARD.golden
  const ulp = (value: number) => value * (1 + Number.EPSILON)

  test.each<[string, ScorecardDefinition]>([
    ['the edges of lateShare do not rise', { ...CARD, inputs: [{ ...late, edges: [0.5, 0.5] }, amount] }],
    ['lateShare has 2 values for 2 edges', { ...CARD, inputs: [{ ...late, values: [0, 1] }, amount] }],
    ['lateShare is there twice', { ...CARD, inputs: [late, { ...amount, name: 'lateShare' }] }],
    ['has not one contribution for each input', { ...CARD, reference: [-1] }],
    ['the reference applicant is in no bin of amount', { ...CARD, reference: [-1, 0.07] }],
    ['golden rows and margins differ in number', { ...CARD, golden: { rows, margin: margin.slice(1) } }],
    ['golden row 0 has not one value for each input', { ...CARD, golden: { rows: rows.with(0, [1]), margin } }],
    ['golden row 1 has the margin 0.8125', { ...CARD, golden: { rows, margin: margin.with(1, ulp(0.8125)) } }],
    [
      'golden row 1 has the margin',
      { ...CARD, inputs: [{ ...late, edges: [ulp(late.edges[0] as number), 0.6] }, amount] }
    ],
    ['golden row 0 has the margin', { ...CARD, inputs: [amount, late], reference: [0.0625, -1] }],
    ['golden row 0 has the margin', { ...CARD, intercept: ulp(0.5) }]
  ])('%s', (cause, card) => {
    expect(refusalOf(card)).toMatchObject({ code: 'model_invalid' })
    expect(refusalOf(card)?.message).toContain(`${FILE.pathname}: `)
    expect(refusalOf(card)?.message).toContain(cause)
  })

  test('a field that is not known, or not there, is told by its place', () => {
    expect(refusalOf({ ...CARD, link: 'logit' })?.problems).toEqual([
      { field: '/link', problem: 'is not a known field' }
    ])
    const { intercept: _, ...rest } = CARD
    expect(refusalOf(rest)?.problems).toEqual([{ field: '/intercept', problem: 'is missing' }])
    expect(refusalOf({ ...CARD, inputs: [{ ...late, group: 'R000' }, amount] })?.problems[0]?.field).toBe(
      '/inputs/0/group'
    )
  })

  test('an input that is no feature is named', () => {
    expect(() => parseScorecard(CARD, FILE).compile(['amount'])).toThrow(
      `${FILE.pathname}: the feature catalogue does not define lateShare`
    )
  })
})

function refusalOf(card: unknown): AssayError | undefined {
  try {
    parseScorecard(card, FILE)
  } catch (error) {
    if (error instanceof AssayError) return error
    throw error
  }
  return undefined
}

describe('the scorecard of credit 1.1.0', () => {
  const file = new URL('../../models/credit/1.1.0/scorecard.json', import.meta.url)

  test.runIf(existsSync(file))('shows its golden margins, and its contributions add up', () => {
    const { definition, compile } = parseScorecard(JSON.parse(readFileSync(file, 'utf8')), file)
    const score = compile(definition.inputs.map(({ name }) => name))
    const referenceMargin = definition.reference.reduce((sum, added) => sum + added, definition.intercept)
    for (const row of definition.golden.rows) {
      const { pd, contributions } = score(Float64Array.from(row, (value) => value ?? Number.NaN))
      const margin = contributions.reduce((sum, contribution) => sum + contribution, referenceMargin)
      expect(margin).toBeCloseTo(Math.log(pd / (1 - pd)), 9)
    }
  })
})

describe('agreement of model and scorecard', () => {
  const BANDS = [{ pdBelow: 0.1 }, { pdBelow: 0.3 }, { pdBelow: 1 }]

  test.each([
    [0.05, 0.0999, 'same'],
    [0.05, 0.1, 'stricter'],
    [0.3, 0.1, 'looser'],
    [0.99, 0.31, 'same'],
    [Number.NaN, 0.05, 'unusable'],
    [0.05, Number.NaN, 'unusable'],
    [1, 0.99, 'unusable']
  ])('a model at %d beside a scorecard at %d: %s', (modelPd, scorecardPd, expected) => {
    expect(agreementOf(BANDS, modelPd, scorecardPd)).toBe(expected)
  })
})
