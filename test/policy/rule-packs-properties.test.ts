import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadRulePacks, parseLpr, parseRulePack } from '../../src/policy/rule-pack-load.ts'
import type { Rule, RulePack } from '../../src/policy/rule-pack-schema.ts'
import { compileRulePacks, type RuleScope } from '../../src/policy/rule-packs.ts'

const { packs } = await loadRulePacks(new URL('../../policies/rule-packs/', import.meta.url))
const china = packs.find(({ pack }) => pack.jurisdiction === 'CN')?.pack as RulePack
const CN: RuleScope = { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' }
const source = { citation: 'made up', marks: ['X'], unverified: false }
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
const points = [
  { from: '2020-01-01', ratio: 0.04, source },
  { from: '2026-06-20', ratio: 0.03, source },
  { from: '2028-06-20', ratio: 0.035, source }
]
const series = parseLpr(bytesOf({ series: 'LPR_1Y', points }), 'lpr.json')

describe('for any rules', () => {
  const dayArb = fc.integer({ min: 19_700, max: 22_300 })
  const date = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10)
  /** A rate cap with one to four steps that touch, open or closed at either end. */
  const ruleArb = fc
    .record({
      days: fc.uniqueArray(dayArb, { minLength: 2, maxLength: 5 }),
      caps: fc.array(
        fc.oneof(
          fc.record({ ratio: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
          fc.record({ lprMultiple: fc.integer({ min: 1, max: 9 }) })
        ),
        { minLength: 4, maxLength: 4 }
      ),
      openStart: fc.boolean(),
      openEnd: fc.boolean(),
      status: fc.constantFrom('in_force', 'draft', 'guidance', 'internal'),
      measure: fc.constantFrom('nominal', 'effective', 'both'),
      bindAlso: fc.boolean(),
      products: fc.constantFrom(undefined, ['consumer'], ['business'])
    })
    .map(({ days, caps, openStart, openEnd, status, measure, bindAlso, products }) => {
      const edges = days.sort((a, b) => a - b)
      const path = edges.slice(1).map((edge, index) => ({
        from: index === 0 && openStart ? null : date(edges[index] as number),
        to: index === edges.length - 2 && openEnd ? null : date(edge - 1),
        ...(index === 0 && openStart ? { ratio: 0.5 } : caps[index])
      }))
      const [first, last] = [path[0], path.at(-1)]
      const rule = {
        id: 'CN.ANY',
        title: 'Any',
        status,
        effectiveFrom: first?.from ?? null,
        effectiveTo: last?.to ?? null,
        ...(products === undefined ? {} : { products }),
        kind: 'rate_cap',
        measure,
        path,
        source
      } as unknown as Rule
      return { rule, bound: bindAlso && (status === 'draft' || status === 'guidance') }
    })
  const rulesArb = fc
    .array(ruleArb, { minLength: 1, maxLength: 6 })
    .map((found) => found.map(({ rule, bound }, index) => ({ rule: { ...rule, id: `CN.ANY_${index}` }, bound })))
  const atArb = fc.integer({ min: 19_600 * 86_400_000, max: 22_400 * 86_400_000 })
  const others = china.rules.filter(({ kind }) => kind === 'minimum_age')
  const compile = (found: { rule: Rule; bound: boolean }[]) => {
    const bindAlso = found.filter(({ bound }) => bound).map(({ rule }) => rule.id)
    return compileRulePacks(
      [parseRulePack(bytesOf({ ...china, bindAlso, rules: [...others, ...found.map(({ rule }) => rule)] }), 'p.json')],
      series
    )
  }
  const orNone = (ratio: number | null) => ratio ?? Number.POSITIVE_INFINITY
  test('a cap never rises when a rule is added', () => {
    fc.assert(
      fc.property(
        rulesArb,
        ruleArb,
        fc.array(atArb, { minLength: 1, maxLength: 8 }),
        (found, { rule, bound }, instants) => {
          const [fewer, more] = [compile(found), compile([...found, { rule: { ...rule, id: 'CN.ADDED' }, bound }])]
          for (const at of instants) {
            const [before, after] = [fewer(at, CN).rateCap, more(at, CN).rateCap]
            expect(orNone(after.nominal)).toBeLessThanOrEqual(orNone(before.nominal))
            expect(orNone(after.effective)).toBeLessThanOrEqual(orNone(before.effective))
          }
        }
      )
    )
  })

  test('the caps are those of a plain search by dates as text', () => {
    const plain = (found: { rule: Rule; bound: boolean }[], at: number, measure: 'nominal' | 'effective') => {
      const today = new Date(at + 8 * 3_600_000).toISOString().slice(0, 10)
      const lprToday = points.filter(({ from }) => from <= today).at(-1)?.ratio as number
      const ratios = found.flatMap(({ rule, bound }) => {
        if (rule.kind !== 'rate_cap' || !(rule.products?.includes('consumer') ?? true)) return []
        if (!(bound || rule.status === 'in_force' || rule.status === 'internal')) return []
        if (rule.measure !== 'both' && rule.measure !== measure) return []
        return rule.path
          .filter(({ from, to }) => (from ?? '') <= today && today <= (to ?? '9'))
          .map(({ ratio, lprMultiple = 0 }) => ratio ?? lprMultiple * lprToday)
      })
      return Math.min(...ratios)
    }
    let capped = 0
    fc.assert(
      fc.property(rulesArb, fc.array(atArb, { minLength: 1, maxLength: 8 }), (found, instants) => {
        const evaluate = compile(found)
        for (const at of instants) {
          const { nominal, effective } = evaluate(at, CN).rateCap
          expect(orNone(nominal)).toBe(plain(found, at, 'nominal'))
          expect(orNone(effective)).toBe(plain(found, at, 'effective'))
          if (nominal !== null) capped++
        }
      })
    )
    expect(capped).toBeGreaterThan(50)
  })
})
