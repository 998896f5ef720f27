import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { AssayError } from '../../src/errors.ts'
import { type LoadedLpr, loadRulePacks, parseLpr, parseRulePack } from '../../src/policy/rule-pack-load.ts'
import type { Rule, RulePack } from '../../src/policy/rule-pack-schema.ts'
import { compileRulePacks, type RuleScope } from '../../src/policy/rule-packs.ts'

const FOLDER = new URL('../../policies/rule-packs/', import.meta.url)
const { packs, lpr } = await loadRulePacks(FOLDER)
const CN: RuleScope = { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' }
const china = packs.find(({ pack }) => pack.jurisdiction === 'CN')?.pack as RulePack

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
const packOf = (value: unknown, file = 'p.json') => parseRulePack(bytesOf(value), file)
const lprOf = (...points: [from: string, ratio: number][]): LoadedLpr => {
  const source = { citation: 'made up', marks: ['X'], unverified: false }
  return parseLpr(
    bytesOf({ series: 'LPR_1Y', points: points.map(([from, ratio]) => ({ from, ratio, source })) }),
    'lpr'
  )
}
const changed = (change: (pack: { [Key in keyof RulePack]: RulePack[Key] } & { rules: Rule[] }) => void) => {
  const pack = structuredClone(china) as Parameters<typeof change>[0]
  change(pack)
  return pack
}
type Loose = Record<string, unknown> & { path: Record<string, unknown>[]; source: Record<string, unknown> }
const problemsOf = (act: () => unknown): string[] => {
  try {
    act()
  } catch (error) {
    if (!(error instanceof AssayError)) throw error
    return (error.problems ?? []).map(({ field, problem }) => `${error.message.split(':')[0]} ${field}: ${problem}`)
  }
  return []
}

describe('the Chinese price cap in one compiled evaluator', () => {
  const evaluate = compileRulePacks(packs, lpr)
  test.each([
    ['2025-09-30T23:59:59.999+08:00', 0.36, 'CN.PRICE.SANITY_36'],
    ['2025-10-01T00:00:00.000+08:00', 0.24, 'CN.PRICE.ALL_IN_24'],
    ['2025-12-23T23:59:59.999+08:00', 0.24, 'CN.PRICE.ALL_IN_24'],
    ['2025-12-24T00:00:00.000+08:00', 0.24, 'CN.PRICE.GLIDE_PATH'],
    ['2026-11-25T12:00:00.000+08:00', 0.24, 'CN.PRICE.GLIDE_PATH'],
    ['2027-12-31T23:59:59.999+08:00', 0.24, 'CN.PRICE.GLIDE_PATH'],
    ['2028-01-01T00:00:00.000+08:00', 0.12, 'CN.PRICE.GLIDE_PATH'],
    ['2027-12-31T23:59:59.999+08:00', 0.24, 'CN.PRICE.GLIDE_PATH']
  ])('at %s it is %d by %s, nominal and effective', (at, ratio, ruleId) => {
    expect(evaluate(Date.parse(at), CN).rateCap).toEqual({
      nominal: ratio,
      effective: ratio,
      bindingRule: { nominal: ruleId, effective: ruleId }
    })
  })

  test('a loan at 23 % is within the cap before 2028 and above it after', () => {
    const fits = (at: string) => 0.23 <= (evaluate(Date.parse(at), CN).rateCap.nominal ?? 0)
    expect([fits('2027-12-31T23:59:59+08:00'), fits('2028-01-01T00:00:00+08:00')]).toEqual([true, false])
  })

  test('a change of the LPR changes the cap from its day on, and the evaluation says which rate it took', () => {
    const stepped = compileRulePacks(packs, lprOf(['2025-12-01', 0.03], ['2028-06-20', 0.0275], ['2029-01-22', 0.035]))
    const at = (instant: string) => {
      const { rateCap, evaluated } = stepped(Date.parse(instant), CN)
      const glide = evaluated.find(({ ruleId }) => ruleId === 'CN.PRICE.GLIDE_PATH')
      return [rateCap.effective, glide?.kind === 'rate_cap' && glide.value?.lpr]
    }
    expect(at('2027-12-31T12:00:00+08:00')).toEqual([0.24, null])
    expect(at('2028-06-19T23:59:59+08:00')).toEqual([0.12, { from: '2025-12-01', ratio: 0.03 }])
    expect(at('2028-06-20T00:00:00+08:00')).toEqual([0.11, { from: '2028-06-20', ratio: 0.0275 }])
    expect(at('2029-01-22T00:00:00+08:00')).toEqual([0.14, { from: '2029-01-22', ratio: 0.035 }])
  })
})

describe('what binds', () => {
  test('guidance is evaluated and reported, and binds only where the pack says so', () => {
    const loose = compileRulePacks([packOf(changed((pack) => Object.assign(pack, { bindAlso: [] })))], lpr)
    const { rateCap, evaluated } = loose(Date.parse('2028-01-01T00:00:00+08:00'), CN)
    expect(rateCap.effective).toBe(0.24)
    expect(evaluated.find(({ ruleId }) => ruleId === 'CN.PRICE.GLIDE_PATH')).toMatchObject({
      status: 'guidance',
      applies: true,
      binds: false,
      value: { nominal: 0.12, effective: 0.12 }
    })
  })

  test('every rule for the product is reported, also one whose day has not come', () => {
    const { evaluated } = compileRulePacks(packs, lpr)(Date.parse('2024-06-01T00:00:00+08:00'), CN)
    expect(evaluated.map(({ ruleId }) => ruleId)).toEqual(
      china.rules.filter(({ products }) => products?.includes('consumer') ?? true).map(({ id }) => id)
    )
    const cap = evaluated.find(({ ruleId }) => ruleId === 'CN.MICRO.CONSUMER_BALANCE_CAP')
    expect(cap).toMatchObject({ applies: false, binds: false, value: null })
    const draft = evaluated.find(({ ruleId }) => ruleId === 'CN.DRAFT2020.INCOME_THIRD')
    expect(draft).toMatchObject({ status: 'draft', applies: true, binds: false, kind: 'share_cap' })
  })

  test('balance caps are those of the product, in fen', () => {
    const evaluate = compileRulePacks(packs, lpr)
    const caps = (product: RuleScope['product']) =>
      evaluate(Date.parse('2026-11-25T00:00:00Z'), { ...CN, product }).evaluated.flatMap(({ binds, kind, value }) =>
        binds && kind === 'amount_cap' ? [value?.mostMinor] : []
      )
    expect([caps('consumer'), caps('cash'), caps('business')]).toEqual([[20_000_000], [20_000_000], [1_000_000_000]])
  })

  test('each rate has its own strictest rule, and null where no rule caps it', () => {
    const at = Date.parse('2026-11-25T12:00:00Z')
    const us = compileRulePacks(packs, lpr)(at, { ...CN, jurisdiction: 'US' })
    expect(us.rateCap).toMatchObject({ nominal: 0.36, effective: null })
    const pack = changed(({ rules }) => {
      const path = [{ from: null, to: null, ratio: 0.2 }]
      const [, , house] = rules
      rules.push({ ...(house as Rule), id: 'CN.HOUSE.NOMINAL', kind: 'rate_cap', measure: 'nominal', path } as Rule)
    })
    expect(compileRulePacks([packOf(pack)], lpr)(at, CN).rateCap).toEqual({
      nominal: 0.2,
      effective: 0.24,
      bindingRule: { nominal: 'CN.HOUSE.NOMINAL', effective: 'CN.PRICE.GLIDE_PATH' }
    })
  })

  test('a European rule begins at midnight of the European pack', () => {
    const evaluate = compileRulePacks(packs, lpr)
    const binds = (at: string) =>
      evaluate(Date.parse(at), { ...CN, jurisdiction: 'EU' }).evaluated.find(({ kind }) => kind === 'excluded_data')
        ?.binds
    expect([binds('2026-11-19T22:59:59Z'), binds('2026-11-19T23:00:00Z')]).toEqual([false, true])
  })

  test('a jurisdiction or lender without a pack and an instant that is none are faults, not freedom', () => {
    const evaluate = compileRulePacks(packs, lpr)
    expect(() => evaluate(0, { ...CN, jurisdiction: 'XX' })).toThrow('no rule pack is for XX')
    expect(() => evaluate(0, { ...CN, lenderType: 'trust' })).toThrow('no rule pack is for CN trust consumer')
    expect(() => evaluate(Number.NaN, CN)).toThrow('as of an instant')
  })
})

describe('a pack with a fault is refused with file, path and reason', () => {
  const loose = (rule: Rule | undefined) => rule as unknown as Loose
  test.each<[string, (rule: Loose, pack: RulePack & { rules: Rule[] }) => unknown, string]>([
    [
      'gap',
      (r) => Object.assign(r.path[1] ?? {}, { from: '2028-01-03' }),
      '/rules/0/path/1/from: leaves a gap of 2 days after 2027-12-31'
    ],
    [
      'overlap',
      (r) => Object.assign(r.path[1] ?? {}, { from: '2027-12-31' }),
      '/rules/0/path/1/from: overlaps the step before by 1 days'
    ],
    [
      'open step',
      (r) => Object.assign(r.path[0] ?? {}, { to: null }),
      '/rules/0/path/1/from: overlaps the step before: it is open'
    ],
    [
      'late start',
      (r) => Object.assign(r.path[0] ?? {}, { from: '2025-12-25' }),
      '/rules/0/path/0/from: must be effectiveFrom (2025-12-24), or days lack a cap'
    ],
    [
      'early end',
      (r) => Object.assign(r.path[1] ?? {}, { to: '2030-12-31' }),
      '/rules/0/path/1/to: must be effectiveTo (null), or days lack a cap'
    ],
    [
      'two caps',
      (r) => Object.assign(r.path[1] ?? {}, { ratio: 0.2 }),
      '/rules/0/path/1: needs either ratio or lprMultiple'
    ],
    ['no cap', (r) => delete r.path[0]?.ratio, '/rules/0/path/0: needs either ratio or lprMultiple'],
    ['turned step', (r) => Object.assign(r.path[0] ?? {}, { to: '2025-12-01' }), '/rules/0/path/0/to: is before from'],
    [
      'turned rule',
      (r) => Object.assign(r, { effectiveTo: '2025-01-01' }),
      '/rules/0/effectiveTo: is before effectiveFrom'
    ],
    ['percent', (r) => Object.assign(r.path[0] ?? {}, { ratio: 24 }), '/rules/0/path/0/ratio: must be <= 1'],
    [
      'no such day',
      (r) => Object.assign(r, { effectiveFrom: '2027-02-30' }),
      '/rules/0/effectiveFrom: must match format "date"'
    ],
    [
      'unknown status',
      (r) => Object.assign(r, { status: 'law' }),
      '/rules/0/status: must be one of in_force, draft, guidance, internal'
    ],
    ['unknown kind', (r) => Object.assign(r, { kind: 'cap' }), '/rules/0/kind: must be one of rate_cap'],
    ['unknown field', (r) => Object.assign(r, { cap: 0.2 }), '/rules/0/cap: is not a known field'],
    [
      'memory as verified',
      (r) => Object.assign(r.source, { marks: ['M'] }),
      '/rules/0/source/unverified: what is from memory (M) is unverified'
    ],
    [
      'no mark',
      (r) => Object.assign(r.source, { marks: [] }),
      '/rules/0/source/marks: only an internal rule needs no mark'
    ],
    ['same id', (_, { rules }) => rules.push(rules[0] as Rule), '/rules/19/id: CN.PRICE.GLIDE_PATH stands twice'],
    [
      'binds nothing',
      (_, pack) => Object.assign(pack, { bindAlso: ['CN.NONE'] }),
      '/bindAlso/0: there is no rule CN.NONE'
    ],
    [
      'binds twice',
      (_, pack) => Object.assign(pack, { bindAlso: ['CN.PRICE.ALL_IN_24'] }),
      '/bindAlso/0: CN.PRICE.ALL_IN_24 is in_force and binds anyway'
    ]
  ])('%s', (_, plant, said) => {
    const pack = changed((copy) => plant(loose(copy.rules[0]), copy))
    expect(problemsOf(() => packOf(pack)).join('\n')).toContain(`p.json ${said}`)
  })

  test('packs that contradict each other, and a series that begins too late', () => {
    const twice = [packOf(china, 'a.json'), packOf({ ...china, utcOffsetMinutes: 0 }, 'b.json')]
    expect(problemsOf(() => compileRulePacks(twice, lpr))).toEqual(
      expect.arrayContaining([
        'b.json /id: a.json is the same pack',
        'b.json /utcOffsetMinutes: a.json has another zone for CN',
        'b.json /rules/0/id: a.json has the same rule'
      ])
    )
    expect(problemsOf(() => compileRulePacks([packOf(china)], lprOf(['2028-01-02', 0.03])))).toEqual([
      'p.json /rules/0/path/1/from: is before the first rate of lpr'
    ])
    expect(compileRulePacks([packOf(china)], lprOf(['2028-01-01', 0.03]))).toBeTypeOf('function')
    expect(problemsOf(() => lprOf(['2026-01-01', 0.03], ['2026-01-01', 0.03]))).toEqual([
      'lpr /points/1/from: is not after the one before'
    ])
  })

  test('a folder with a broken file says which, and one without the LPR as well', async () => {
    const folder = pathToFileURL(`${await mkdtemp(`${tmpdir()}/rule-packs-`)}/`)
    await expect(loadRulePacks(folder)).rejects.toThrow('lpr-1y.json is missing')
    await writeFile(new URL('lpr-1y.json', folder), await readFile(new URL('lpr-1y.json', FOLDER)))
    await writeFile(new URL('cut.json', folder), '{"id":')
    await expect(loadRulePacks(folder)).rejects.toThrow(`${folder.pathname}cut.json: it cannot be read as JSON`)
  })
})
