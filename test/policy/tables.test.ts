import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Application, EMPLOYMENTS } from '../../src/domain/application.ts'
import { createInputs, type TableFacts } from '../../src/policy/table-inputs.ts'
import type { DecisionTable, TableCondition } from '../../src/policy/table-schema.ts'
import { compileTables } from '../../src/policy/tables.ts'

const NAMES = ['device.applicants_7d']
const inputOf = createInputs(NAMES, ['A', 'B'])

function facts(changes: { value?: number; employment?: string; region?: string; income?: number } = {}): TableFacts {
  const { value = Number.NaN, employment, region, income } = changes
  const known = { employment, region, monthlyIncomeMinor: income }
  const given = Object.fromEntries(Object.entries(known).filter(([, each]) => each !== undefined))
  const application = { product: 'cash', amountMinor: 100, term: { count: 1, unit: 'month' }, facts: given }
  return {
    application: application as unknown as Application,
    values: Float64Array.of(value),
    ageYears: Number.NaN,
    exposureMinor: 0,
    pd: 0.1,
    points: 600,
    band: 'A',
    fraudPd: Number.NaN
  }
}

const table = (rows: DecisionTable['rows'], changes: Partial<DecisionTable> = {}): DecisionTable => {
  return { name: 'table', stage: 'eligibility', hitPolicy: 'first', rows, ...changes }
}
const refer = (when: Record<string, TableCondition>): DecisionTable['rows'][number] => {
  return { when, output: { action: 'REFER', reason: 'R401' } }
}
const rowsHit = (of: DecisionTable, asked: TableFacts) =>
  compileTables([of], of.stage, inputOf)(asked).map(({ row }) => row)

describe('a condition on a number', () => {
  const matches = (condition: TableCondition, value: number) =>
    rowsHit(table([refer({ 'device.applicants_7d': condition })]), facts({ value })).length === 1

  test.each<[TableCondition, number, boolean]>([
    [{ above: 3 }, 3, false],
    [{ above: 3 }, 3.5, true],
    [{ atLeast: 3 }, 3, true],
    [{ below: 3 }, 3, false],
    [{ atMost: 3 }, 3, true],
    [{ atLeast: 1, below: 3 }, 2, true],
    [{ atLeast: 1, below: 3 }, 0, false],
    [{ above: 3 }, Number.NaN, false],
    [{ below: 3 }, Number.NaN, false],
    [{ above: 3, missing: true }, Number.NaN, true],
    [{ above: 3, missing: true }, 1, false],
    [{ missing: true }, Number.NaN, true],
    [{ missing: true }, 1, false],
    [{ missing: false }, Number.NaN, false],
    [{ missing: false }, 1, true]
  ])('%j of %d is %s', (condition, value, expected) => {
    expect(matches(condition, value)).toBe(expected)
  })

  test('never takes what is missing unless it asks for it, whatever it compares', () => {
    const bound = fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined })
    const comparisons = fc.record({ above: bound, atLeast: bound, below: bound, atMost: bound })
    fc.assert(
      fc.property(comparisons, (given) => {
        const named = Object.entries(given).filter(([, each]) => each !== undefined)
        expect(matches({ ...Object.fromEntries(named), missing: false }, Number.NaN)).toBe(false)
      })
    )
  })
})

test('a choice is compared by name, one that no row names is another, and one that is not there matches nothing by accident', () => {
  const rows = [
    refer({ region: { in: ['CN-31', 'CN-11'] } }),
    refer({ region: { notIn: ['CN-31'] } }),
    refer({ region: { missing: true } })
  ]
  const asked = (region?: string) => rowsHit(table(rows, { hitPolicy: 'collect' }), facts(region ? { region } : {}))
  expect(asked('CN-31')).toEqual([0])
  expect(asked('CN-11')).toEqual([0, 1])
  expect(asked('CN-44')).toEqual([1])
  expect(asked()).toEqual([2])
})

test('the first row that matches ends a first-hit table, and collect has all of them, with what they read', () => {
  const rows = [refer({ employment: { in: ['student'] } }), refer({ 'device.applicants_7d': { above: 3 } }), refer({})]
  const asked = facts({ value: 4, employment: 'student' })
  expect(rowsHit(table(rows), asked)).toEqual([0])
  expect(rowsHit(table(rows, { hitPolicy: 'unique' }), asked)).toEqual([0])
  const hits = compileTables([table(rows, { hitPolicy: 'collect' })], 'eligibility', inputOf)(asked)
  expect(hits.map(({ row, read }) => [row, read])).toEqual([
    [0, { employment: 'student' }],
    [1, { 'device.applicants_7d': 4 }],
    [2, {}]
  ])
  expect(rowsHit(table(rows), facts({ value: 3 }))).toEqual([2])
})

test('tables of another stage are not asked, and those of one stage one behind the other', () => {
  const evaluate = compileTables(
    [table([refer({})], { name: 'a' }), table([refer({})], { name: 'b', stage: 'fraud' }), table([refer({})])],
    'eligibility',
    inputOf
  )
  expect(evaluate(facts()).map((hit) => hit.table)).toEqual(['a', 'table'])
})

test('compiled rows match as the conditions say when they are read one by one', () => {
  const bound = fc.integer({ min: 0, max: 6 })
  const numeric = fc.record({ atLeast: bound, below: bound, missing: fc.boolean() }, { requiredKeys: ['missing'] })
  const chosen = fc.record(
    { in: fc.uniqueArray(fc.constantFrom(...EMPLOYMENTS), { minLength: 1 }), missing: fc.boolean() },
    { requiredKeys: ['in'] }
  )
  const row = fc.record({ monthlyIncomeMinor: numeric, employment: chosen }, { requiredKeys: [] })
  const income = fc.option(bound, { nil: undefined })
  const employment = fc.option(fc.constantFrom(...EMPLOYMENTS), { nil: undefined })
  const takes = ({ missing, ...asked }: TableCondition, value: number | string | undefined) => {
    if (value === undefined) return missing === true
    if (missing === true && Object.keys(asked).length === 0) return false
    if (typeof value === 'string') return asked.in?.includes(value) ?? true
    return value >= (asked.atLeast ?? -Infinity) && value < (asked.below ?? Infinity)
  }
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), income, employment, (rows, monthlyIncomeMinor, job) => {
      const asked = facts({
        ...(monthlyIncomeMinor !== undefined && { income: monthlyIncomeMinor }),
        ...(job && { employment: job })
      })
      const expected = rows.flatMap((when, index) => {
        const ofIncome =
          when.monthlyIncomeMinor === undefined || takes(when.monthlyIncomeMinor as TableCondition, monthlyIncomeMinor)
        const ofJob = when.employment === undefined || takes(when.employment as TableCondition, job)
        return ofIncome && ofJob ? [index] : []
      })
      const of = rows.map((when) => refer(when as Record<string, TableCondition>))
      expect(rowsHit(table(of, { hitPolicy: 'collect' }), asked)).toEqual(expected)
      expect(rowsHit(table(of), asked)).toEqual(expected.slice(0, 1))
    })
  )
})
