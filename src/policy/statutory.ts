import type { Application } from '../domain/application.ts'
import { isoDate, localDay } from '../domain/calendar.ts'
import { MAX_REASONS, type ReasonCode } from '../domain/reasons.ts'
import { AssayError } from '../errors.ts'
import { type DataUse, excludedUses } from './excluded-data.ts'
import type { Bound } from './limit.ts'
import { mayFund, SELF } from './offers-funding.ts'
import type { RateCaps } from './pricing.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { EvaluatedRule, EvaluateRules, RuleEvaluation, RuleScope } from './rule-packs.ts'
import type { Finding, Hit } from './rules.ts'
import type { Policy } from './schema.ts'
import { stricterCapFrom } from './validity.ts'

/** What rules are asked about one application. */
export interface StatutoryFacts {
  readonly application: Application
  /** NaN when not known. */
  readonly ageYears: number
  readonly exposureMinor: number
  readonly nowMs: number
}

/** What a rule came to, where it came to something: its reason, and what it leaves of a limit. */
export interface RuleResult {
  readonly reason: ReasonCode
  readonly capMinor?: number
}

/** What the rule packs say of one application, and what is kept of it. */
export interface StatutoryVerdict {
  readonly hits: readonly Hit[]
  /** What the binding caps leave of a limit, below what is owed already. */
  readonly bounds: readonly Bound[]
  readonly caps: RateCaps
  /** When a stricter cap begins, if that is while an offer made today would be valid. */
  readonly stricterFromMs: number | undefined
  /** The rule of the packs that gave each cap; null where the policy is as strict or stricter. */
  readonly capRules: { readonly nominal: string | null; readonly effective: string | null }
  /** How many reasons may be told. */
  readonly maxReasons: number
  /** Packs, all rules by status and whether they apply and bind, and the caps, as JSON without its braces. */
  readonly evaluatedJson: string
  readonly packs: readonly string[]
  /** By rule; a rule that is not here is met or found nothing to say. */
  readonly results: Readonly<Record<string, RuleResult>>
}

export type EvaluateStatutory = (facts: StatutoryFacts) => StatutoryVerdict

interface DayRule {
  readonly rule: string
  readonly binds: boolean
}
interface DayCheck extends DayRule {
  readonly find: (facts: StatutoryFacts) => Finding | undefined
  readonly read: (facts: StatutoryFacts) => Hit['read']
}
interface DayCap extends DayRule {
  readonly constraint: Bound['bindingConstraint']
  readonly reason: ReasonCode
  /** NaN when what it is measured by is not known. */
  readonly capMinor: (facts: StatutoryFacts) => number
}

interface Day
  extends Pick<StatutoryVerdict, 'caps' | 'stricterFromMs' | 'capRules' | 'maxReasons' | 'evaluatedJson' | 'packs'> {
  readonly checks: readonly DayCheck[]
  readonly amountCaps: readonly DayCap[]
}

const MONTHS_PER_YEAR = 12
const DECLINES = {
  R201: { outcome: 'DECLINE', code: 'R201' },
  R202: { outcome: 'DECLINE', code: 'R202' },
  R203: { outcome: 'DECLINE', code: 'R203' },
  R204: { outcome: 'DECLINE', code: 'R204' },
  R205: { outcome: 'DECLINE', code: 'R205' }
} as const satisfies Partial<Record<ReasonCode, Finding>>
const REFERS = {
  R204: { outcome: 'REFER', code: 'R204' },
  R220: { outcome: 'REFER', code: 'R220' },
  R902: { outcome: 'REFER', code: 'R902' },
  R903: { outcome: 'REFER', code: 'R903' }
} as const satisfies Partial<Record<ReasonCode, Finding>>

/**
 * The rule packs of a product’s jurisdiction as of the decision instant; undefined where the product names none. What they
 * ask on a day is worked out once a day.
 *
 * @param uses what decides about the product; without it no rule about data finds anything
 * @throws AssayError policy_invalid when the product names a jurisdiction and there are no packs for it
 */
export function compileStatutory(
  policy: Policy,
  product: ProductPolicy,
  rules: EvaluateRules | undefined,
  uses: readonly DataUse[] = []
): EvaluateStatutory | undefined {
  if (product.rules === undefined) return undefined
  const { jurisdiction, lenderType } = product.rules
  if (rules === undefined)
    throw new AssayError('policy_invalid', `${policy.version}: ${product.product} is decided under rules: no packs`)
  const scope: RuleScope = { jurisdiction, lenderType, product: product.product }
  // Fails now rather than in a decision.
  rules(0, scope)
  let known: { readonly evaluation: RuleEvaluation; readonly day: Day } | undefined
  return (facts) => {
    const evaluation = rules(facts.nowMs, scope)
    if (known?.evaluation !== evaluation) {
      // A day more than an offer is valid: who decides at its end looks that much further.
      const stricterFromMs = stricterCapFrom(
        (atMs) => rules(atMs, scope).rateCap,
        facts.nowMs,
        policy.offerValidDays + 1
      )
      const day = compileDay({ policy, product, uses }, evaluation, stricterFromMs)
      // The days ahead took the place of today in the memory of the rules: they are asked for today once more.
      known = { evaluation: rules(facts.nowMs, scope), day }
    }
    return askDay(known.day, facts, product)
  }
}

function askDay({ checks, amountCaps, ...day }: Day, facts: StatutoryFacts, product: ProductPolicy): StatutoryVerdict {
  const hits: Hit[] = []
  const bounds: Bound[] = []
  const results: Record<string, RuleResult> = {}
  for (const { rule, binds, find, read } of checks) {
    const found = find(facts)
    if (found === undefined) continue
    results[rule] = { reason: found.code }
    if (binds) hits.push({ ...found, rule, read: read(facts) })
  }
  const askedMinor = facts.application.amountMinor
  for (const { rule, binds, constraint, reason, capMinor } of amountCaps) {
    const left = capMinor(facts) - facts.exposureMinor
    if (Number.isNaN(left)) {
      // Nobody is declined for what cannot be measured, and nobody is approved: a person looks.
      results[rule] = { reason }
      if (binds) hits.push({ outcome: 'REFER', code: reason, rule, read: { capMinor: null } })
      continue
    }
    const amountMinor = Math.max(0, Math.floor(left))
    if (amountMinor < askedMinor) results[rule] = { reason, capMinor: amountMinor }
    if (binds) bounds.push({ amountMinor, bindingConstraint: constraint })
  }
  const region = findRegion(product, facts)
  if (region !== undefined) hits.push(region)
  return { ...day, hits, bounds, results }
}

function findRegion({ rules }: ProductPolicy, { application: { facts } }: StatutoryFacts): Hit | undefined {
  if (rules?.regions === undefined || (facts.region !== undefined && rules.regions.includes(facts.region)))
    return undefined
  const found = facts.region === undefined ? REFERS.R204 : DECLINES.R204
  return { ...found, rule: 'regions', read: { region: facts.region ?? null } }
}

interface Ruled {
  readonly policy: Policy
  readonly product: ProductPolicy
  readonly uses: readonly DataUse[]
}

function compileDay(ruled: Ruled, { evaluated, rateCap }: RuleEvaluation, stricterFromMs: number | undefined): Day {
  const { policy, product } = ruled
  const most = evaluated.flatMap(({ kind, value, binds }) =>
    kind === 'principal_reasons' && value !== null && binds ? [value.most] : []
  )
  const packs = [...new Set(evaluated.map(({ pack }) => pack))]
  const caps = { nominal: lower(policy.rateCap, rateCap.nominal), effective: lower(policy.rateCap, rateCap.effective) }
  const byState: Record<string, string[]> = {}
  for (const { ruleId, status, applies, binds } of evaluated) {
    const state = `${status} ${binds ? 'binds' : applies ? 'applies' : 'off'}`
    byState[state] = [...(byState[state] ?? []), ruleId]
  }
  const lpr = lprOf(evaluated, rateCap.bindingRule)
  const kept = { packs, evaluated: byState, caps: { ...caps, by: rateCap.bindingRule, ...(lpr && { lpr }) } }
  return {
    checks: evaluated.flatMap((rule) => checksOf(ruled, rule)),
    amountCaps: evaluated.flatMap(capOf(policy, product)),
    caps,
    stricterFromMs,
    capRules: {
      nominal: caps.nominal < policy.rateCap ? rateCap.bindingRule.nominal : null,
      effective: caps.effective < policy.rateCap ? rateCap.bindingRule.effective : null
    },
    maxReasons: Math.min(MAX_REASONS, ...most),
    packs,
    evaluatedJson: JSON.stringify(kept).slice(1, -1)
  }
}

/** The point of the series that a cap of the packs comes from; the packs’ hashes do not cover it. */
function lprOf(evaluated: readonly EvaluatedRule[], { nominal, effective }: RuleEvaluation['rateCap']['bindingRule']) {
  for (const { ruleId, kind, value } of evaluated)
    if (kind === 'rate_cap' && (ruleId === nominal || ruleId === effective) && value?.lpr) return value.lpr
  return undefined
}

function lower(own: number, ofRules: number | null): number {
  return Math.min(own, ofRules ?? own)
}

function checksOf({ policy, product, uses }: Ruled, { ruleId, binds, kind, value }: EvaluatedRule): DayCheck[] {
  const check = (find: DayCheck['find'], read: DayCheck['read']): DayCheck[] => [{ rule: ruleId, binds, find, read }]
  const { funding } = product
  if (value === null) return []
  switch (kind) {
    case 'minimum_age':
      return check(
        ({ ageYears }) => (ageYears < value.years ? DECLINES.R201 : undefined),
        ({ ageYears }) => ({ ageYears })
      )
    case 'student_exclusion':
      return check(
        ({ application: { facts } }) => (facts.employment === 'student' ? DECLINES.R202 : undefined),
        () => ({ employment: 'student' })
      )
    case 'prohibited_purposes':
      return check(
        ({ application: { purpose } }) => (value.purposes.includes(purpose) ? DECLINES.R203 : undefined),
        ({ application: { purpose } }) => ({ purpose })
      )
    case 'required_consents':
      return check(
        ({ application: { consents } }) =>
          value.consents.every((consent) => consents.includes(consent)) ? undefined : REFERS.R220,
        ({ application: { consents } }) => ({ consents: consents.join(' ') })
      )
    case 'own_share_floor': {
      const ownShare = funding?.find(({ partner }) => partner === SELF)?.share ?? 0
      // Nobody is declined for how the lender funds its loans.
      if (funding === undefined || ownShare >= value.leastShare) return []
      return check(
        () => REFERS.R902,
        () => ({ ownShare })
      )
    }
    case 'partner_list':
      if (funding === undefined) return []
      return check(
        ({ nowMs }) =>
          mayFund(policy, funding, isoDate(localDay(nowMs, product.utcOffsetMinutes))) ? undefined : DECLINES.R205,
        () => ({ partners: funding.map(({ partner }) => partner).join(' ') })
      )
    case 'excluded_data': {
      const excluded = excludedUses(value, uses)
      if (excluded.length === 0) return []
      const data = [...new Set(excluded.map(({ name }) => name))].join(' ')
      // What may not be looked at decides about nobody: a person does.
      return check(
        () => REFERS.R903,
        () => ({ data })
      )
    }
    default:
      return []
  }
}

function capOf({ lender }: Policy, { currency }: ProductPolicy): (rule: EvaluatedRule) => DayCap[] {
  const netAssetsMinor = lender?.currency === currency ? lender.netAssetsMinor : Number.NaN
  return ({ ruleId, binds, kind, value }) => {
    if (value === null) return []
    if (kind === 'amount_cap')
      return [
        {
          rule: ruleId,
          binds,
          constraint: 'BALANCE_CAP',
          reason: 'R210',
          // An amount in another currency measures nothing.
          capMinor: () => (value.currency === currency ? value.mostMinor : Number.NaN)
        }
      ]
    if (kind !== 'share_cap') return []
    if (value.of === 'lender_net_assets')
      return [
        {
          rule: ruleId,
          binds,
          constraint: 'CONCENTRATION',
          reason: 'R212',
          capMinor: () => value.mostShare * netAssetsMinor
        }
      ]
    return [
      {
        rule: ruleId,
        binds,
        constraint: 'INCOME_THIRD',
        reason: 'R211',
        capMinor: ({ application: { facts } }) =>
          value.mostShare * MONTHS_PER_YEAR * (facts.monthlyIncomeMinor ?? Number.NaN)
      }
    ]
  }
}
