import { describe, expect, test } from 'vitest'
import type { Application } from '../../src/domain/application.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { compilePolicy, type DecideInput, type ModelFacts, type Verdict } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { loadRulePacks } from '../../src/policy/rule-pack-load.ts'
import { compileRulePacks } from '../../src/policy/rule-packs.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { RuleRecordSchema } from '../../src/policy/steps.ts'
import { offersEndMs } from '../../src/policy/validity.ts'
import { applying, MODEL, NAMES } from './applying.ts'
import { problemsOf, staged } from './policy-file.ts'

const PACKS = new URL('../../policies/rule-packs/', import.meta.url)
const RULES = await loadRules()
const CONSUMER_MODEL: ModelFacts = { ...MODEL, population: { products: ['consumer'], currencies: ['CNY'] } }
const LENDER = { currency: 'CNY', netAssetsMinor: 100_000_000_000 }
const CN = { jurisdiction: 'CN', lenderType: 'online_microloan' }
const checkRules = compileCheck(RuleRecordSchema)

/** The baseline with the consumer product under the packs of China, with one offer at the fixed price of its band. */
function under(changes: { rules?: object; product?: object; policy?: object; nominalRate?: number } = {}): Policy {
  const { pricing: _byRisk, ...plain } = staged({
    lender: LENDER,
    requiredConsents: [],
    prohibitedPurposes: [],
    ...changes.policy
  })
  const bands = plain.bands.map((band) => ({ ...band, nominalRate: band.nominalRate && (changes.nominalRate ?? 0.2) }))
  const products = plain.products.map(({ offerGrid: _grid, repaymentMethods: _all, ...product }) =>
    product.product === 'consumer'
      ? { ...product, students: true, ...changes.product, rules: { ...CN, ...changes.rules } }
      : product
  )
  return { ...plain, bands, products } as Policy
}

type Changes = { application?: object; facts?: object; nowMs?: number; exposureMinor?: number }

function asking({ application, facts, ...changes }: Changes = {}): DecideInput {
  const plain = applying(1)
  const asked = {
    ...plain.application,
    product: 'consumer',
    currency: 'CNY',
    amountMinor: 1_000_000,
    term: { count: 12, unit: 'month' },
    consents: ['bureau_query'],
    ...application,
    facts: { birthYear: 1990, monthlyIncomeMinor: 10_000_000, ...facts }
  }
  return {
    ...plain,
    assessment: { kind: 'scored', pd: 0.05, contributions: null },
    ...changes,
    application: asked as unknown as Application
  }
}
const decide = (policy: Policy, changes?: Changes, rules = RULES) =>
  compilePolicy(policy, CONSUMER_MODEL, NAMES, { rules })(asking(changes))
const codesOf = ({ reasons }: Verdict) => reasons.map(({ code }) => code)
const recordOf = ({ statutory }: Verdict) => {
  const record = JSON.parse(`{${statutory?.evaluatedJson},"results":${JSON.stringify(statutory?.results)}}`)
  expect(checkRules(record)).toMatchObject({ ok: true })
  return record
}

describe('a product under the packs of China', () => {
  test('is offered at 23 % until the end of 2027 and refused from 2028 on, by the same running engine', () => {
    const engine = compilePolicy(under({ nominalRate: 0.21 }), CONSUMER_MODEL, NAMES, { rules: RULES })
    // 21 % nominal is 23.14 % effective. Midnight is that of Beijing.
    const at = (instant: string) => engine(asking({ nowMs: Date.parse(instant) }))
    const before = at('2027-12-31T23:59:59.999+08:00')
    expect(before).toMatchObject({ outcome: 'APPROVE', offers: [{ apr: { nominal: 0.209997, effective: 0.231435 } }] })
    expect(before.steps?.price?.caps).toEqual({ nominal: 0.24, effective: 0.24 })
    const after = at('2028-01-01T00:00:00.000+08:00')
    expect([after.outcome, codesOf(after), after.steps?.offers]).toEqual(['DECLINE', ['R310'], 'R310'])
    expect(after.steps?.price?.caps).toEqual({ nominal: 0.12, effective: 0.12 })
    expect(recordOf(after).caps).toMatchObject({
      by: { nominal: 'CN.PRICE.GLIDE_PATH', effective: 'CN.PRICE.GLIDE_PATH' },
      lpr: { from: '2025-12-01', ratio: 0.03 }
    })
    expect(recordOf(before).caps).not.toHaveProperty('lpr')
    expect(at('2027-12-31T23:59:59.999+08:00').outcome).toBe('APPROVE')
  })

  test.each<[string, Changes, string, string, string]>([
    ['a minor', { facts: { birthYear: 2009 } }, 'DECLINE', 'R201', 'CN.MICRO.MINORS'],
    ['a student', { facts: { employment: 'student' } }, 'DECLINE', 'R202', 'CN.MICRO.STUDENTS'],
    ['a purpose', { application: { purpose: 'securities' } }, 'DECLINE', 'R203', 'CN.PURPOSE.SECURITIES'],
    ['a consent', { application: { consents: [] } }, 'REFER', 'R220', 'CN.DATA.BUREAU_CONSENT']
  ])('asks about %s', (_what, changes, outcome, code, rule) => {
    const verdict = decide(under({ policy: { minimumAgeYears: 18 } }), changes)
    expect(verdict.outcome).toBe(outcome)
    expect(codesOf(verdict)).toContain(code)
    expect(recordOf(verdict).results[rule]).toEqual({ reason: code })
    expect(verdict.steps?.statutory).toMatchObject({
      hits: expect.arrayContaining([expect.objectContaining({ rule })])
    })
  })

  test('is declined outside its regions, and goes to a person where the region is not known', () => {
    const policy = under({ rules: { regions: ['CN-31'] } })
    const inRegion = (region?: string) => decide(policy, { facts: { region } })
    expect(inRegion('CN-31').outcome).toBe('APPROVE')
    expect([inRegion('CN-11').outcome, codesOf(inRegion('CN-11'))]).toEqual(['DECLINE', ['R204']])
    expect([inRegion().outcome, codesOf(inRegion())]).toEqual(['REFER', ['R204']])
  })

  test('owes at most the balance cap, what is owed already included', () => {
    const policy = under()
    const most = { application: { amountMinor: 20_000_000 }, facts: { monthlyIncomeMinor: 1_000_000_000 } }
    expect(decide(policy, most)).toMatchObject({ outcome: 'APPROVE', reasons: [], limit: { amountMinor: 20_000_000 } })
    const capped = (exposureMinor: number) =>
      decide(under({ product: { amountMinor: { min: 50_000, max: 50_000_000, step: 10_000 } } }), {
        ...most,
        exposureMinor
      })
    const less = capped(15_000_000)
    expect(less.limit).toMatchObject({ amountMinor: 5_000_000, bindingConstraint: 'BALANCE_CAP' })
    expect(codesOf(less)).toEqual(['R210'])
    expect(recordOf(less).results['CN.MICRO.CONSUMER_BALANCE_CAP']).toEqual({ reason: 'R210', capMinor: 5_000_000 })
    const none = capped(19_970_000)
    expect([none.outcome, codesOf(none)]).toEqual(['DECLINE', ['R210']])
  })

  test('is at most the share of the lender’s net assets, and goes to a person where those are not known', () => {
    const small = decide(under({ policy: { lender: { ...LENDER, netAssetsMinor: 4_000_000 } } }))
    expect(small.limit).toMatchObject({ amountMinor: 400_000, bindingConstraint: 'CONCENTRATION' })
    expect(codesOf(small)).toEqual(['R212'])
    for (const lender of [undefined, { ...LENDER, currency: 'NGN' }]) {
      const { lender: _lender, ...policy } = under()
      const unknown = decide({ ...policy, ...(lender && { lender }) } as Policy)
      expect([unknown.outcome, codesOf(unknown)]).toEqual(['REFER', ['R212']])
    }
  })

  test('is told of the draft of the income third, which binds only where the pack says so', async () => {
    const asked: Changes = { application: { amountMinor: 10_000_000 }, facts: { monthlyIncomeMinor: 2_000_000 } }
    const drafted = decide(under(), asked)
    expect(drafted.outcome).toBe('APPROVE')
    expect(drafted.limit?.bindingConstraint).not.toBe('INCOME_THIRD')
    const record = recordOf(drafted)
    expect(record.evaluated['draft applies']).toContain('CN.DRAFT2020.INCOME_THIRD')
    expect(record.results['CN.DRAFT2020.INCOME_THIRD']).toEqual({ reason: 'R211', capMinor: 7_999_999 })

    const { packs, lpr } = await loadRulePacks(PACKS)
    const binding = packs.map((loaded) => ({
      ...loaded,
      pack: {
        ...loaded.pack,
        bindAlso: [...loaded.pack.bindAlso, ...(loaded.pack.jurisdiction === 'CN' ? ['CN.DRAFT2020.INCOME_THIRD'] : [])]
      }
    }))
    const bound = decide(under(), asked, compileRulePacks(binding, lpr))
    expect(bound.limit).toMatchObject({ amountMinor: 7_990_000, bindingConstraint: 'INCOME_THIRD' })
    expect(codesOf(bound)).toEqual(['R211'])
  })

  test('at 12 % with a guarantee fee of 1 % a month is refused: it costs 32.76 % nominal', () => {
    const texts = { name: '担保费', basis: '本金', method: '按月', payee: '担保公司', payeeLicence: 'guarantor' }
    const fees = [{ ...texts, collected: 'eachPeriod', ratio: 0.01 }]
    const guaranteed = decide(under({ nominalRate: 0.12, product: { fees } }))
    expect([guaranteed.outcome, codesOf(guaranteed)]).toEqual(['DECLINE', ['R310']])
    expect(decide(under({ nominalRate: 0.12, product: { fees: [] } })).outcome).toBe('APPROVE')
    // Where nothing but the policy caps the rate, and above it, the loan shows what it costs.
    const { rules: _rules, ...free } = under({ nominalRate: 0.12, product: { fees } }).products.find(
      ({ product }) => product === 'consumer'
    ) as Policy['products'][number]
    const uncapped = decide({ ...under({ nominalRate: 0.12, policy: { rateCap: 0.4 } }), products: [free] } as Policy)
    expect(uncapped.offers[0]?.apr.nominal.toFixed(4)).toBe('0.3276')
  })

  test('is funded by partners on the list of the day and by the lender’s own share, or not at all', () => {
    const funded = (ownShare: number, to: string | null = null) =>
      decide(
        under({
          product: {
            funding: [
              { partner: 'self', share: ownShare },
              { partner: 'bank_a', share: 1 - ownShare }
            ]
          },
          policy: { partners: [{ partner: 'bank_a', from: null, to }] }
        })
      )
    expect(funded(0.3).outcome).toBe('APPROVE')
    const unlisted = funded(0.3, '2026-11-24')
    expect([unlisted.outcome, codesOf(unlisted)]).toEqual(['DECLINE', ['R205']])
    expect(recordOf(unlisted).results['CN.JOINT.PARTNER_LIST']).toEqual({ reason: 'R205' })
    const thin = funded(0.2)
    expect([thin.outcome, codesOf(thin)]).toEqual(['REFER', ['R902']])
    expect(recordOf(thin).results['CN.JOINT.OWN_SHARE']).toEqual({ reason: 'R902' })
  })

  test('is bounded by what a partner still lends, and goes to a person when that is nothing', async () => {
    const left = (headroomMinor: number) =>
      under({
        product: {
          funding: [
            { partner: 'self', share: 0.3 },
            { partner: 'bank_a', share: 0.7 }
          ]
        },
        policy: {
          partners: [{ partner: 'bank_a', from: null, to: null }],
          limits: [{ product: 'consumer', partnerHeadroom: [{ partner: 'bank_a', headroomMinor }] }]
        }
      })
    const less = decide(left(350_000), { exposureMinor: 100_000 })
    expect(less.limit).toMatchObject({ amountMinor: 500_000, bindingConstraint: 'PARTNER' })
    expect(codesOf(less)).toEqual(['R902'])
    const none = decide(left(0))
    expect([none.outcome, codesOf(none)]).toEqual(['REFER', ['R902']])
    expect(
      await problemsOf({ ...left(1), products: under({ product: { funding: undefined } }).products }, NAMES)
    ).toEqual([{ field: '/limits/0/partnerHeadroom/0/partner', problem: 'bank_a does not fund consumer' }])
  })

  test('keeps every rule of its packs with its status and state', () => {
    const { evaluated, packs } = recordOf(decide(under()))
    const expected = RULES(asking().nowMs, { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' })
    expect(Object.values(evaluated).flat().toSorted()).toEqual(
      expected.evaluated.map(({ ruleId }) => ruleId).toSorted()
    )
    expect(evaluated['in_force binds']).toContain('CN.MICRO.STUDENTS')
    expect(evaluated['guidance binds']).toEqual(['CN.PRICE.GLIDE_PATH'])
    expect(packs).toEqual([expect.stringMatching(/^cn-internet-microloan-2026\.11\.1@sha256:/)])
  })

  test('is not decided without packs', () => {
    expect(() => compilePolicy(under(), CONSUMER_MODEL, NAMES)).toThrow('no packs')
  })

  test('is refused at load where no pack is for its jurisdiction, or for its type of lender', async () => {
    const of = async (rules: object) => await problemsOf(under({ rules }), NAMES, RULES)
    expect(await of({})).toEqual([])
    expect(await of({ jurisdiction: 'JP' })).toEqual([
      { field: '/products/1/rules', problem: 'no rule pack is for JP' }
    ])
    expect(await of({ lenderType: 'trust' })).toEqual([
      { field: '/products/1/rules', problem: 'no rule pack is for CN trust consumer' }
    ])
  })
})

test('a product that names no jurisdiction has the policy’s own cap alone, and keeps nothing of rules', () => {
  const verdict = compilePolicy(under(), MODEL, NAMES, { rules: RULES })({
    ...applying(1),
    assessment: { kind: 'scored', pd: 0.05, contributions: null }
  })
  expect(verdict.outcome).toBe('APPROVE')
  expect(verdict.statutory).toBeUndefined()
  expect(verdict.steps?.price?.caps).toEqual({ nominal: 0.24, effective: 0.24 })
})

test('offers end at the midnight in China from which a stricter cap holds, and not before where none comes', () => {
  const expiryAt = (nowMs: number) => {
    const verdict = decide(under({ nominalRate: 0.11 }), { nowMs })
    expect(verdict.outcome).toBe('APPROVE')
    return offersEndMs(nowMs, 7, verdict.statutory?.stricterFromMs)
  }
  const newYear = Date.parse('2028-01-01T00:00:00+08:00')
  expect(expiryAt(Date.parse('2027-12-30T12:00:00+08:00'))).toBe(newYear)
  expect(expiryAt(newYear - 1)).toBe(newYear)
  expect(expiryAt(newYear)).toBe(newYear + 7 * 86_400_000)
  expect(expiryAt(Date.parse('2027-12-01T12:00:00+08:00'))).toBe(Date.parse('2027-12-08T12:00:00+08:00'))
})

test('what the days ahead ask is worked out once a day, not in each decision', () => {
  let asked = 0
  const counting: typeof RULES = (...args) => {
    asked++
    return RULES(...args)
  }
  const engine = compilePolicy(under(), CONSUMER_MODEL, NAMES, { rules: counting })
  engine(asking())
  const first = asked
  for (let again = 0; again < 10; again++) engine(asking())
  expect(asked - first).toBe(10)
})
