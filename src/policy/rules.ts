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

export function findProduct({ products }: Policy, { product }: Application): ProductPolicy | undefined {
  return products.find((candidate) => candidate.product === product)
}

/** The rules that stand above every model, in the order in which their reasons are told. */
export function findRuleHits(policy: Policy, application: Application, nowMs: number): Finding[] {
  const { facts, purpose, consents } = application
  const findings: Finding[] = []
  const product = findProduct(policy, application)
  const ageYears = facts.birthYear === undefined ? undefined : youngestAge(facts.birthYear, nowMs)
  if (ageYears !== undefined && ageYears < policy.minimumAgeYears) findings.push({ outcome: 'DECLINE', code: 'R201' })
  if (facts.employment === 'student' && product?.students === false) findings.push({ outcome: 'DECLINE', code: 'R202' })
  if (policy.prohibitedPurposes.includes(purpose)) findings.push({ outcome: 'DECLINE', code: 'R203' })
  if (product === undefined || !offersTerm(product, application)) findings.push({ outcome: 'DECLINE', code: 'R204' })
  else if (!offersAmount(product, application)) findings.push({ outcome: 'DECLINE', code: 'R320' })
  if (!policy.requiredConsents.every((consent) => consents.includes(consent)))
    findings.push({ outcome: 'REFER', code: 'R220' })
  if (ageYears === undefined) findings.push({ outcome: 'REFER', code: 'R401' })
  return findings
}

/** Only the year of birth is known: until the year is over the birthday may still be ahead. */
function youngestAge(birthYear: number, nowMs: number): number {
  return new Date(nowMs).getUTCFullYear() - birthYear - 1
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
