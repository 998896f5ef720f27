import type { PRODUCTS } from '../domain/application.ts'
import { localDay } from '../domain/calendar.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import { at, dayOf, type LoadedLpr, type LoadedRulePack } from './rule-pack-load.ts'
import type { CapStep, LenderType, RateCapRule, Rule, RuleKind, RuleStatus } from './rule-pack-schema.ts'

export interface RuleScope {
  readonly jurisdiction: string
  readonly lenderType: LenderType
  readonly product: (typeof PRODUCTS)[number]
}

/** Yearly ratios no offer may exceed; null where no rule caps that measure. */
export interface RateValue {
  readonly nominal: number | null
  readonly effective: number | null
}

export interface RateCap extends RateValue {
  /** Ids of the rules that gave the caps: the first in pack order of the strictest. */
  readonly bindingRule: { readonly nominal: string | null; readonly effective: string | null }
}

interface EvaluatedBase {
  readonly ruleId: string
  /** id-version@sha256 of its pack. */
  readonly pack: string
  readonly status: RuleStatus
  /** Whether the day is one of the rule’s. */
  readonly applies: boolean
  /** Whether it applies and counts: in force, internal, or named by the pack’s bindAlso. */
  readonly binds: boolean
}

/** One rule as of an instant. `value` is what the rule asks for, or null on a day it does not apply. */
export type EvaluatedRule =
  | (EvaluatedBase & {
      readonly kind: 'rate_cap'
      /** `lpr` is the point of the series the caps come from; null where they are a fixed ratio. */
      readonly value: (RateValue & { readonly lpr: { readonly from: string; readonly ratio: number } | null }) | null
    })
  | {
      [Kind in Exclude<RuleKind, 'rate_cap'>]: EvaluatedBase & {
        readonly kind: Kind
        readonly value: Extract<Rule, { kind: Kind }> | null
      }
    }[Exclude<RuleKind, 'rate_cap'>]

export interface RuleEvaluation {
  readonly rateCap: RateCap
  /** Every rule for the lender and the product, also those that do not apply or do not bind. */
  readonly evaluated: readonly EvaluatedRule[]
}

/** @throws AssayError policy_invalid for a jurisdiction or lender type that no pack is for: no rules are no freedom */
export type EvaluateRules = (atMs: number, scope: RuleScope) => RuleEvaluation

interface Span {
  readonly firstDay: number
  readonly lastDay: number
}
type CompiledStep = Span & Pick<CapStep, 'ratio' | 'lprMultiple'>
interface LprPoint {
  readonly day: number
  readonly from: string
  readonly ratio: number
}
interface CompiledRule extends Span {
  readonly rule: Rule
  readonly steps: readonly CompiledStep[]
  readonly pack: LoadedRulePack
  readonly mayBind: boolean
}

/**
 * Compiles packs to one evaluator. Of all rules that bind the strictest wins, for each measure of the rate by itself. An
 * instant becomes a day in the pack’s zone, so the caps change at that midnight, without a restart. Pure.
 *
 * @throws AssayError policy_invalid when packs contradict each other or the LPR series begins after a day that needs it
 */
export function compileRulePacks(packs: readonly LoadedRulePack[], lpr: LoadedLpr): EvaluateRules {
  const points = lpr.series.points.map(({ from, ratio }) => ({ day: dayOf(from), from, ratio }))
  for (const [index, pack] of packs.entries()) checkTogether(pack, packs.slice(0, index), points, lpr.file)
  const offsets = new Map(packs.map(({ pack }) => [pack.jurisdiction, pack.utcOffsetMinutes]))
  const rules = packs.flatMap(compilePack)
  // A scope has few values, and all decisions of a day share an evaluation.
  const newest = new Map<string, { readonly day: number; readonly evaluation: RuleEvaluation }>()

  return (atMs, scope) => {
    const offset = offsets.get(scope.jurisdiction)
    if (offset === undefined) throw new AssayError('policy_invalid', `no rule pack is for ${scope.jurisdiction}`)
    if (!Number.isFinite(atMs)) throw new AssayError('policy_invalid', 'rules are evaluated as of an instant')
    const key = `${scope.jurisdiction} ${scope.lenderType} ${scope.product}`
    const day = localDay(atMs, offset)
    const known = newest.get(key)
    if (known?.day === day) return known.evaluation
    const concerned = rules.filter((rule) => concerns(rule, scope))
    if (concerned.length === 0) throw new AssayError('policy_invalid', `no rule pack is for ${key}`)
    const evaluation = evaluateDay(concerned, points, day)
    newest.set(key, { day, evaluation })
    return evaluation
  }
}

function checkTogether(
  { pack, file }: LoadedRulePack,
  earlier: readonly LoadedRulePack[],
  points: readonly LprPoint[],
  lprFile: string
): void {
  const problems: FieldProblem[] = []
  const twin = earlier.find((other) => other.pack.id === pack.id)
  if (twin !== undefined) problems.push(at('/id', `${twin.file} is the same pack`))
  const other = earlier.find(({ pack: { jurisdiction } }) => jurisdiction === pack.jurisdiction)
  if (other !== undefined && other.pack.utcOffsetMinutes !== pack.utcOffsetMinutes)
    problems.push(at('/utcOffsetMinutes', `${other.file} has another zone for ${pack.jurisdiction}`))
  pack.rules.forEach((rule, index) => {
    const same = earlier.find(({ pack: { rules } }) => rules.some(({ id }) => id === rule.id))
    if (same !== undefined) problems.push(at(`/rules/${index}/id`, `${same.file} has the same rule`))
    if (rule.kind !== 'rate_cap') return
    rule.path.forEach(({ from, lprMultiple }, step) => {
      if (lprMultiple !== undefined && (from === null || dayOf(from) < (points[0]?.day ?? Number.POSITIVE_INFINITY)))
        problems.push(at(`/rules/${index}/path/${step}/from`, `is before the first rate of ${lprFile}`))
    })
  })
  if (problems.length > 0) throw new AssayError('policy_invalid', file, { problems })
}

function compilePack(pack: LoadedRulePack): CompiledRule[] {
  const { rules, bindAlso } = pack.pack
  return rules.map((rule) => ({
    rule,
    ...spanOf(rule.effectiveFrom, rule.effectiveTo),
    steps: rule.kind === 'rate_cap' ? rule.path.map((step) => ({ ...step, ...spanOf(step.from, step.to) })) : [],
    pack,
    mayBind: rule.status === 'in_force' || rule.status === 'internal' || bindAlso.includes(rule.id)
  }))
}

function spanOf(from: string | null, to: string | null): Span {
  return {
    firstDay: from === null ? Number.NEGATIVE_INFINITY : dayOf(from),
    lastDay: to === null ? Number.POSITIVE_INFINITY : dayOf(to)
  }
}

function covers({ firstDay, lastDay }: Span, day: number): boolean {
  return day >= firstDay && day <= lastDay
}

function concerns({ rule, pack: { pack } }: CompiledRule, { jurisdiction, lenderType, product }: RuleScope): boolean {
  const lenderTypes = rule.lenderTypes ?? pack.lenderTypes
  return (
    pack.jurisdiction === jurisdiction && lenderTypes.includes(lenderType) && (rule.products?.includes(product) ?? true)
  )
}

function evaluateDay(rules: readonly CompiledRule[], points: readonly LprPoint[], day: number): RuleEvaluation {
  const evaluated = rules.map((compiled): EvaluatedRule => {
    const { rule, pack, mayBind } = compiled
    const applies = covers(compiled, day)
    const base = { ruleId: rule.id, pack: pack.id, status: rule.status, applies, binds: applies && mayBind }
    if (rule.kind === 'rate_cap')
      return { ...base, kind: rule.kind, value: applies ? capOn(compiled.steps, rule.measure, points, day) : null }
    return { ...base, kind: rule.kind, value: applies ? rule : null } as EvaluatedRule
  })
  return { rateCap: strictest(evaluated), evaluated }
}

function capOn(
  steps: readonly CompiledStep[],
  measure: RateCapRule['measure'],
  points: readonly LprPoint[],
  day: number
) {
  const step = steps.find((candidate) => covers(candidate, day))
  const point = step?.lprMultiple === undefined ? null : points.findLast((candidate) => candidate.day <= day)
  const ratio = step?.ratio ?? (step?.lprMultiple ?? Number.NaN) * (point?.ratio ?? Number.NaN)
  if (Number.isNaN(ratio)) throw new Error('a path covers its rule and the series its path: both were checked')
  return {
    nominal: measure === 'effective' ? null : ratio,
    effective: measure === 'nominal' ? null : ratio,
    lpr: point ? { from: point.from, ratio: point.ratio } : null
  }
}

function strictest(evaluated: readonly EvaluatedRule[]): RateCap {
  const lowest = (measure: keyof RateValue) => {
    let found: { readonly ratio: number; readonly ruleId: string } | null = null
    for (const { kind, value, binds, ruleId } of evaluated) {
      const ratio = kind === 'rate_cap' && binds ? (value?.[measure] ?? null) : null
      if (ratio !== null && (found === null || ratio < found.ratio)) found = { ratio, ruleId }
    }
    return found
  }
  const [nominal, effective] = [lowest('nominal'), lowest('effective')]
  return {
    nominal: nominal?.ratio ?? null,
    effective: effective?.ratio ?? null,
    bindingRule: { nominal: nominal?.ruleId ?? null, effective: effective?.ruleId ?? null }
  }
}
