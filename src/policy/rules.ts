import type { Application } from '../domain/application.ts'
import type { Outcome } from '../domain/decision.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** What a rule found: an outcome no better than this, and why. */
export interface Finding {
  readonly outcome: Exclude<Outcome, 'APPROVE'>
  readonly code: ReasonCode
}

/** A finding with the rule that made it and what that rule read. */
export interface Hit extends Finding {
  readonly rule: string
  /** By input; null is missing. */
  readonly read: Readonly<Record<string, number | string | null>>
}

interface Asked {
  readonly policy: Policy
  /** Undefined where the policy does not have it. */
  readonly product: ProductPolicy | undefined
  readonly application: Application
  /** NaN when not known. */
  readonly ageYears: number
}

interface HardRule {
  readonly stage: 'statutory' | 'eligibility'
  readonly rule: string
  readonly find: (asked: Asked) => Finding | undefined
  readonly read: (asked: Asked) => Hit['read']
}

const DECLINE = (code: ReasonCode): Finding => ({ outcome: 'DECLINE', code })
const REFER = (code: ReasonCode): Finding => ({ outcome: 'REFER', code })
const [R201, R202, R203, R204, R320] = [
  DECLINE('R201'),
  DECLINE('R202'),
  DECLINE('R203'),
  DECLINE('R204'),
  DECLINE('R320')
]
const [R220, R401] = [REFER('R220'), REFER('R401')]

/** The rules that stand above every model, in the order in which their reasons are told. */
const HARD_RULES: readonly HardRule[] = [
  {
    stage: 'statutory',
    rule: 'minimumAgeYears',
    find: ({ policy, ageYears }) => (ageYears < policy.minimumAgeYears ? R201 : undefined),
    read: ({ ageYears }) => ({ ageYears })
  },
  {
    stage: 'statutory',
    rule: 'students',
    find: ({ product, application: { facts } }) =>
      facts.employment === 'student' && product?.students === false ? R202 : undefined,
    read: ({ application: { facts } }) => ({ employment: facts.employment ?? null })
  },
  {
    stage: 'statutory',
    rule: 'prohibitedPurposes',
    find: ({ policy, application }) => (policy.prohibitedPurposes.includes(application.purpose) ? R203 : undefined),
    read: ({ application: { purpose } }) => ({ purpose })
  },
  {
    stage: 'eligibility',
    rule: 'product',
    find: ({ product, application }) => {
      if (product === undefined || !offersTerm(product, application)) return R204
      return offersAmount(product, application) ? undefined : R320
    },
    read: ({ application: { product, currency, term, amountMinor } }) => ({
      product,
      currency,
      term: `${term.count} ${term.unit}`,
      amountMinor
    })
  },
  {
    stage: 'statutory',
    rule: 'requiredConsents',
    find: ({ policy, application: { consents } }) =>
      policy.requiredConsents.every((consent) => consents.includes(consent)) ? undefined : R220,
    read: ({ application: { consents } }) => ({ consents: consents.join(' ') })
  },
  {
    stage: 'statutory',
    rule: 'age',
    find: ({ ageYears }) => (Number.isNaN(ageYears) ? R401 : undefined),
    read: () => ({ ageYears: null })
  }
]

export function findProduct({ products }: Policy, { product }: Application): ProductPolicy | undefined {
  return products.find((candidate) => candidate.product === product)
}

/** All that the hard rules find, in the order in which their reasons are told. */
export function findRuleHits(policy: Policy, application: Application, nowMs: number): Finding[] {
  const asked = { policy, product: findProduct(policy, application), application, ageYears: ageOf(application, nowMs) }
  return HARD_RULES.flatMap(({ find }) => find(asked) ?? [])
}

/** What the hard rules of a stage find, added to `hits`. */
export function addHardHits(stage: HardRule['stage'], asked: Asked, hits: Hit[]): void {
  for (const { stage: of, rule, find, read } of HARD_RULES) {
    const found = of === stage ? find(asked) : undefined
    if (found !== undefined) hits.push({ ...found, rule, read: read(asked) })
  }
}

/** The rules on what a feature counts; a feature that is missing hits none. */
export function compileVelocity(
  { velocity }: Policy,
  featureNames: readonly string[]
): (values: Float64Array) => Hit[] {
  const rules = velocity.map((rule, index) => ({ ...rule, index, column: featureNames.indexOf(rule.feature) }))
  return (values) => {
    const hits: Hit[] = []
    for (const { column, above, action, feature, index } of rules) {
      const value = values[column] as number
      if (value > above)
        hits.push({ outcome: action, code: 'R501', rule: `velocity/${index}`, read: { [feature]: value } })
    }
    return hits
  }
}

/** Whole years at least, or NaN: only the year of birth is known, and until it is over the birthday may still be ahead. */
export function ageOf({ facts: { birthYear } }: Application, nowMs: number): number {
  return birthYear === undefined ? Number.NaN : new Date(nowMs).getUTCFullYear() - birthYear - 1
}

function offersTerm({ currency, term }: ProductPolicy, application: Application): boolean {
  const { count, unit } = application.term
  const interval = term.instalmentEvery.count
  const fits = unit === term.unit && count >= term.min && count <= term.max
  return currency === application.currency && fits && (count <= interval || count % interval === 0)
}

function offersAmount({ amountMinor: { min, max } }: ProductPolicy, { amountMinor }: Application): boolean {
  return amountMinor >= min && amountMinor <= max
}
