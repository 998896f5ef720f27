import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { permittedPolicy } from '../../src/cli/policy-check.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { FeatureDefinition, LegalTag } from '../../src/features/definition.ts'
import { compilePolicy } from '../../src/policy/engine.ts'
import { findExcludedData, tagsByFeature } from '../../src/policy/excluded-data.ts'
import { type LoadedRulePack, parseLpr, parseRulePack } from '../../src/policy/rule-pack-load.ts'
import { compileRulePacks } from '../../src/policy/rule-packs.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { applying, MODEL, NAMES, POLICY } from './applying.ts'

const RULE_PACKS = new URL('../../policies/rule-packs/', import.meta.url)
const lpr = parseLpr(await readFile(new URL('lpr-1y.json', RULE_PACKS)), 'lpr-1y.json')
const europe = JSON.parse(await readFile(new URL('eu-consumer-credit.json', RULE_PACKS), 'utf8'))
const [BEFORE, SINCE] = [Date.parse('2026-11-19T12:00:00Z'), Date.parse('2026-11-20T12:00:00Z')]
const CITIES = 'applicant.login_cities_7d'
const MODELS = new URL('../../models/', import.meta.url)

/** The pack of Europe whose rule excludes these data. */
function packOf(tags: readonly LegalTag[], use?: 'creditworthiness', status = 'in_force'): LoadedRulePack {
  const { use: _, ...rule } = europe.rules[0]
  const rules = [{ ...rule, tags, status, ...(use && { use }) }, europe.rules[1]]
  return parseRulePack(Buffer.from(JSON.stringify({ ...europe, rules })), 'eu.json')
}
const rulesOf = (...args: Parameters<typeof packOf>) => compileRulePacks([packOf(...args)], lpr)

const tableOf = (stage: string, when: object) => ({
  name: 'asks',
  stage,
  hitPolicy: 'first',
  rows: [{ when, output: { action: 'REFER', reason: stage === 'fraud' ? 'R502' : 'R130' } }]
})

/** The baseline in stages, whose cash loans are under the pack of Europe. */
function under(changes: object = {}): Policy {
  const rules = { jurisdiction: 'EU', lenderType: 'microloan' }
  const products = POLICY.products.map((product) => (product.product === 'cash' ? { ...product, rules } : product))
  return { ...POLICY, flow: 'staged', products, velocity: [], ...changes } as Policy
}
const crediting = (...names: string[]) => ({ ...MODEL, inputs: names.map((name) => ({ name })) })
const told = (policy: Policy, models: Parameters<typeof findExcludedData>[1], rules = rulesOf(['location'])) =>
  findExcludedData(policy, models, rules, SINCE).map(({ field, problem }) => `${field}: ${problem}`)

describe('a rule that excludes data', () => {
  test('is broken by a table, a velocity rule and each model that asks for them, and each place is named', () => {
    const policy = under({
      fraud: { referFromPd: 0.5 },
      scorecardFor: ['SYS_OVERLOAD'],
      velocity: [{ feature: CITIES, above: 3, action: 'REFER' }],
      tables: [
        tableOf('eligibility', { region: { in: ['NG-LA'] } }),
        tableOf('credit', { [CITIES]: { above: 1 }, product: { in: ['cash'] } })
      ]
    })
    const asking = { inputs: [{ name: CITIES }] }
    expect(told(policy, { credit: crediting(CITIES), scorecard: asking, fraud: asking })).toEqual([
      `/velocity/0/feature: EU.CCD2.EXCLUDED_DATA excludes ${CITIES} (location) from cash`,
      '/tables/0/rows/0/when/region: EU.CCD2.EXCLUDED_DATA excludes region (location) from cash',
      `/tables/1/rows/0/when/${CITIES}: EU.CCD2.EXCLUDED_DATA excludes ${CITIES} (location) from cash`,
      `/products/0/rules: EU.CCD2.EXCLUDED_DATA excludes ${CITIES} (location) from cash: the credit model asks for it`,
      `/products/0/rules: EU.CCD2.EXCLUDED_DATA excludes ${CITIES} (location) from cash: the scorecard asks for it`,
      `/products/0/rules: EU.CCD2.EXCLUDED_DATA excludes ${CITIES} (location) from cash: the fraud model asks for it`
    ])
  })

  test('is kept by what asks for other data, decides about other products, or is not asked', () => {
    const asking = { inputs: [{ name: CITIES }] }
    const others = under({
      fraud: undefined,
      tables: [tableOf('credit', { [CITIES]: { above: 1 }, product: { in: ['consumer'] } })]
    })
    expect(told(others, { credit: crediting('applicant.loans_lifetime'), scorecard: asking, fraud: asking })).toEqual(
      []
    )
    const elsewhere = { ...crediting(CITIES), population: { products: ['consumer'], currencies: ['NGN'] } }
    expect(told(under(), { credit: elsewhere })).toEqual([])
    expect(told({ ...under(), products: POLICY.products }, { credit: crediting(CITIES) })).toEqual([])
  })

  test('leaves what looks for fraud alone where it is about creditworthiness', () => {
    const policy = under({
      fraud: { referFromPd: 0.5 },
      velocity: [{ feature: CITIES, above: 3, action: 'REFER' }],
      tables: [tableOf('fraud', { [CITIES]: { above: 1 } })]
    })
    const models = { credit: crediting(), fraud: { inputs: [{ name: CITIES }] } }
    expect(told(policy, models)).toHaveLength(3)
    expect(told(policy, models, rulesOf(['location'], 'creditworthiness'))).toEqual([])
    expect(told(policy, { ...models, credit: crediting(CITIES) }, rulesOf(['location'], 'creditworthiness'))).toEqual([
      expect.stringContaining('the credit model asks for it')
    ])
  })

  test('holds from its day on, and refers whom it is broken for to a person in the same running engine', () => {
    const input = { name: CITIES, range: [0, 100] as const, missing: 'allowed', group: 'R130' } as const
    const model = { ...MODEL, inputs: [input] }
    const decide = compilePolicy(under(), model, NAMES, { rules: rulesOf(['location']) })
    const on = (nowMs: number) => {
      const { outcome, reasons, statutory, steps } = decide({
        ...applying(1),
        vector: new Float32Array(1),
        assessment: { kind: 'scored', pd: 0.02, contributions: null },
        nowMs
      })
      return [outcome, reasons.map(({ code }) => code), statutory?.results, steps?.statutory]
    }
    expect(on(BEFORE)).toEqual(['APPROVE', [], {}, 'PASS'])
    expect(on(SINCE)).toEqual([
      'REFER',
      ['R903'],
      { 'EU.CCD2.EXCLUDED_DATA': { reason: 'R903' } },
      { outcome: 'REFER', hits: [expect.objectContaining({ rule: 'EU.CCD2.EXCLUDED_DATA', read: { data: CITIES } })] }
    ])
    expect(findExcludedData(under(), { credit: model }, rulesOf(['location']), BEFORE)).toEqual([])
  })

  test('is told of where it is a draft, and keeps nobody from being decided', () => {
    const input = { name: CITIES, range: [0, 100] as const, missing: 'allowed', group: 'R130' } as const
    const model = { ...MODEL, inputs: [input] }
    const rules = rulesOf(['location'], undefined, 'draft')
    const { outcome, statutory } = compilePolicy(under(), model, NAMES, { rules })({
      ...applying(1),
      vector: new Float32Array(1),
      assessment: { kind: 'scored', pd: 0.02, contributions: null },
      nowMs: SINCE
    })
    expect([outcome, statutory?.results]).toEqual(['APPROVE', { 'EU.CCD2.EXCLUDED_DATA': { reason: 'R903' } }])
    expect(findExcludedData(under(), { credit: model }, rules, SINCE)).toEqual([])
  })

  test('keeps a policy from being checked, activated or tried while the models that serve ask for such data', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'assay-excluded-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = pathToFileURL(join(folder, 'policy.json'))
    await writeFile(file, JSON.stringify(under()))
    const reading = (tag: LegalTag) => ({ featureNames: CATALOGUE.map(({ name }) => name), rules: rulesOf([tag]) })
    await expect(permittedPolicy(file, MODELS, SINCE, reading('financial'))).rejects.toMatchObject({
      code: 'policy_invalid',
      message: expect.stringContaining(file.pathname),
      problems: expect.arrayContaining([
        expect.objectContaining({ problem: expect.stringContaining('the credit model asks for it') })
      ])
    })
    await expect(permittedPolicy(file, MODELS, SINCE, reading('health'))).resolves.toMatchObject({
      policy: { version: POLICY.version }
    })
  })
})

test('a feature that divides others has their legal tags', () => {
  const feature = (name: string, legal: LegalTag[]) =>
    ({ source: 'events', name, legal }) as unknown as FeatureDefinition
  const ratio = (name: string, of: string, to: string) =>
    ({ source: 'ratio', name, of, to, legal: [] }) as unknown as FeatureDefinition
  const tags = tagsByFeature([
    feature('a', ['location']),
    feature('b', ['device']),
    ratio('r', 'a', 'b'),
    ratio('s', 'r', 'b')
  ])
  expect(tags.get('s')).toEqual(['location', 'device'])
})
