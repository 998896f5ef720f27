import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { coverageOf } from '../../src/policy/table-cells.ts'
import { createInputs, type TableInput } from '../../src/policy/table-inputs.ts'
import type { DecisionTable, TableCondition } from '../../src/policy/table-schema.ts'
import { compileTables } from '../../src/policy/tables.ts'
import { NAMES } from './applying.ts'
import { problemsOf, staged } from './policy-file.ts'

const DEVICE = 'device.applicants_7d'
const REFER = { action: 'REFER', reason: 'R401' }
const row = (when: object, output: object = REFER) => ({ when, output })
const table = (rows: object[], changes: object = {}) => ({
  name: 'checks',
  stage: 'eligibility',
  hitPolicy: 'first',
  rows,
  ...changes
})
const checked = (...tables: object[]) => problemsOf(staged({ tables }), NAMES)
const said = async (...tables: object[]) =>
  (await checked(...tables)).map(({ field, problem }) => `${field}: ${problem}`)

describe('a table is refused with path and reason', () => {
  const STEP_UP = { action: 'STEP_UP', step: 'STEP_UP_OTP', reason: 'R401', expiresInMinutes: 5, attempts: 3 }
  const limits = [{ product: 'cash', segments: [{ segment: 'new', maxMinor: 1_000_000 }] }]

  test.each<[string, object, string[]]>([
    [
      'an unknown feature',
      table([row({ 'device.unheard_of': { above: 1 } })]),
      ['/tables/0/rows/0/when/device.unheard_of: there is no input device.unheard_of']
    ],
    [
      'a name of JavaScript',
      table([row({ constructor: { above: 1 } })]),
      ['/tables/0/rows/0/when/constructor: there is no input constructor']
    ],
    [
      'a score before it is known',
      table([row({ pd: { above: 0.1 } })]),
      ['/tables/0/rows/0/when/pd: pd is not known before the score']
    ],
    [
      'a number asked as a choice',
      table([row({ [DEVICE]: { in: ['3'] } })]),
      [`/tables/0/rows/0/when/${DEVICE}/in: ${DEVICE} is a number`]
    ],
    [
      'a choice asked as a number',
      table([row({ employment: { above: 3 } })]),
      ['/tables/0/rows/0/when/employment/above: employment is no number']
    ],
    [
      'a number written as a text',
      table([row({ [DEVICE]: { above: '3' } })]),
      [`/tables/0/rows/0/when/${DEVICE}/above: must be number`]
    ],
    [
      'a choice that does not exist',
      table([row({ employment: { in: ['student', 'studnet'] } })]),
      ['/tables/0/rows/0/when/employment/in/1: employment is never studnet']
    ],
    [
      'a band that does not exist',
      table([row({ band: { in: ['Z'] } })], { stage: 'credit' }),
      ['/tables/0/rows/0/when/band/in/0: band is never Z']
    ],
    [
      'what is always there asked as missing',
      table([row({ product: { missing: true } })]),
      ['/tables/0/rows/0/when/product/missing: product is never missing']
    ],
    [
      'an action without a reason',
      table([row({}, { action: 'DECLINE' })]),
      ['/tables/0/rows/0/output/reason: is missing']
    ],
    [
      'a fault as a reason',
      table([row({}, { action: 'DECLINE', reason: 'SYS_OVERLOAD' })]),
      ['/tables/0/rows/0/output/reason: a fault is no finding of a table']
    ],
    [
      'a decline for what is not the applicant’s doing',
      table([row({}, { action: 'DECLINE', reason: 'R903' })]),
      ['/tables/0/rows/0/output/reason: what is not the applicant’s doing never declines']
    ],
    [
      'a credit reason for fraud',
      table([row({}, { action: 'DECLINE', reason: 'R140' })], { stage: 'fraud' }),
      ['/tables/0/rows/0/output/reason: a table of fraud gives reasons R4 and R5']
    ],
    [
      'a fraud reason for credit',
      table([row({}, { action: 'DECLINE', reason: 'R503' })]),
      ['/tables/0/rows/0/output/reason: reasons R5 belong to tables of fraud']
    ],
    [
      'a check without an end',
      table([row({}, { ...STEP_UP, expiresInMinutes: undefined })]),
      ['/tables/0/rows/0/output/expiresInMinutes: is missing: a check has a kind, an end and a number of attempts']
    ],
    [
      'attempts at no check',
      table([row({}, { ...REFER, attempts: 3 })]),
      ['/tables/0/rows/0/output/attempts: belongs to STEP_UP']
    ],
    [
      'a limit of a stage without one',
      table([row({}, { ...REFER, limitShare: 0.5 })]),
      ['/tables/0/rows/0/output/limitShare: stage eligibility sets no limits']
    ],
    [
      'an action of a limit',
      table([row({}, REFER)], { stage: 'limit' }),
      [
        '/tables/0/rows/0/output/action: a table of limits gives limitShare or segment',
        '/tables/0/rows/0/output/reason: a table of limits gives limitShare or segment'
      ]
    ],
    [
      'an empty interval',
      table([row({ [DEVICE]: { above: 3, below: 3 } }), row({})]),
      ['/tables/0/rows/0: can never match']
    ],
    [
      'a row that an earlier one catches',
      table([row({ [DEVICE]: { above: 3 } }), row({ [DEVICE]: { above: 5 } })]),
      ['/tables/0/rows/1: is unreachable: rows before it catch all that it matches']
    ],
    [
      'a row that earlier ones catch only together',
      table([
        row({ amountMinor: { below: 5 } }),
        row({ amountMinor: { above: 4 } }),
        row({ employment: { in: ['student'] } })
      ]),
      ['/tables/0/rows/2: is unreachable: rows before it catch all that it matches']
    ],
    [
      'an overlap where each case has one row',
      table([row({ amountMinor: { atMost: 5 } }), row({ amountMinor: { atLeast: 5 } })], { hitPolicy: 'unique' }),
      ['/tables/0/rows/1: overlaps row 0: amountMinor of 5']
    ],
    [
      'a gap where each case has a row',
      table([row({ ageYears: { below: 30 } }), row({ ageYears: { above: 30 } })], { complete: true }),
      ['/tables/0/rows: leaves a gap: ageYears of 30']
    ],
    [
      'a gap where something is missing',
      table([row({ ageYears: { below: 30 } }), row({ ageYears: { atLeast: 30 } })], { complete: true }),
      ['/tables/0/rows: leaves a gap: ageYears missing']
    ]
  ])('for %s', async (_what, faulty, expected) => {
    expect(await said(faulty)).toEqual(expected)
  })

  test('for a reason that no catalogue has', async () => {
    const [problem] = await checked(table([row({}, { action: 'DECLINE', reason: 'R999' })]))
    expect(problem?.field).toBe('/tables/0/rows/0/output/reason')
    expect(problem?.problem).toContain('must be one of R101, ')
  })

  test('for a share out of range', async () => {
    const limit = table([row({}, { limitShare: 1.5 })], { stage: 'limit' })
    expect(await said(limit)).toEqual(['/tables/0/rows/0/output/limitShare: must be <= 1'])
  })

  test('for its name, when another has it', async () => {
    expect(await said(table([row({})]), table([row({})]))).toEqual(['/tables/1/name: checks stands twice'])
  })

  test('for a segment that the limits of a product it may concern do not know', async () => {
    const segmented = (when: object) => table([row(when, { segment: 'new' })], { stage: 'limit' })
    const of = async (when: object) => (await problemsOf(staged({ tables: [segmented(when)], limits }), NAMES)).length
    expect(await of({ product: { in: ['cash'] } })).toBe(0)
    expect(await of({})).toBe(2)
  })

  test('for standing in a policy without stages', async () => {
    const { flow: _flow, ...flat } = staged({ tables: [table([row({})])] })
    expect(await problemsOf(flat, NAMES)).toEqual([{ field: '/tables', problem: 'needs flow: staged' }])
  })
})

test('a table without a fault is none: whole numbers have nothing between neighbours, and a complete one may end in the rest', async () => {
  const whole = [row({ amountMinor: { atMost: 4 } }), row({ amountMinor: { atLeast: 5 } })]
  expect(await said(table(whole, { complete: true, hitPolicy: 'unique' }))).toEqual([])
  expect(await said(table([row({ [DEVICE]: { above: 3 } }), row({}, { action: 'PASS' })], { complete: true }))).toEqual(
    []
  )
})

test('reachability, overlaps and gaps are those that trying all cases finds', () => {
  const bound = fc.integer({ min: 0, max: 4 })
  const numeric = fc.record({ atLeast: bound, below: bound, missing: fc.constant(true) }, { requiredKeys: [] })
  const chosen = fc.record({ in: fc.uniqueArray(fc.constantFrom('CN-1', 'CN-2'), { minLength: 1 }) })
  const when = fc.record({ ageYears: numeric, region: chosen }, { requiredKeys: [] })
  const hasConditions = (asked: object) => Object.values(asked).every((each) => Object.keys(each as object).length > 0)
  const inputOf = createInputs([], ['A'])
  const ages = [Number.NaN, 0, 1, 2, 3, 4, 5]
  const cases = ages.flatMap((ageYears) =>
    ['CN-1', 'CN-2', 'CN-3', undefined].map((region) => ({
      application: { facts: region === undefined ? {} : { region } } as unknown as Application,
      ageYears
    }))
  )
  fc.assert(
    fc.property(fc.array(when.filter(hasConditions), { minLength: 1, maxLength: 5 }), (whens) => {
      const rows = whens.map((asked) => row(asked as Record<string, TableCondition>)) as DecisionTable['rows']
      const all = { ...table([]), hitPolicy: 'collect', rows } as unknown as DecisionTable
      const evaluate = compileTables([all], 'eligibility', inputOf)
      const hits = cases.map((each) => evaluate(each as never).map((hit) => hit.row))
      const coverage = coverageOf(all, (name) => inputOf('eligibility', name) as TableInput)
      const firsts = new Set(hits.flatMap(([first]) => (first === undefined ? [] : [first])))
      expect(coverage?.reached).toEqual(firsts)
      expect(coverage?.matched).toEqual(new Set(hits.flat()))
      expect(coverage?.gap !== undefined).toBe(hits.some((rowsHit) => rowsHit.length === 0))
      expect(coverage?.overlap !== undefined).toBe(hits.some((rowsHit) => rowsHit.length > 1))
    })
  )
})
