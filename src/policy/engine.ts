import type { Application } from '../domain/application.ts'
import type { Limit, Offer, Outcome, Score } from '../domain/decision.ts'
import type { EvidenceSoFar } from '../domain/evidence.ts'
import type { NextAction } from '../domain/next-actions.ts'
import type { Reason, ReasonCode } from '../domain/reasons.ts'
import type { scorePoints } from '../domain/score-scale.ts'
import type { ScorecardScore } from '../inference/scorecard.ts'
import type { ModelScore } from '../inference/scorer.ts'
import { assess, findFraudSigns } from './assess.ts'
import { createGrant } from './grant.ts'
import type { Band } from './price-schema.ts'
import { refuse, refuseFor } from './refuse.ts'
import type { EvaluateRules } from './rule-packs.ts'
import { compileVelocity, type Finding, findProduct, findRuleHits } from './rules.ts'
import type { Policy } from './schema.ts'
import { compileStaged } from './staged.ts'
import type { StatutoryVerdict } from './statutory.ts'
import type { Steps } from './steps.ts'
import type { EvaluateTables } from './tables.ts'

/** Tables need stages. */
const NO_TABLES: EvaluateTables = () => []

/** Whether somebody is known as a borrower; a first loan has a limit of its own. */
const EARLIER_LOANS = 'applicant.loans_lifetime'

/** Groups of inputs, for reasons. */
export interface ReasonGroups {
  readonly inputs: readonly { readonly name?: string; readonly group: ReasonCode }[]
}

/** What the engine needs to know of the credit model; the manifest has it. */
export interface ModelFacts {
  readonly scoreScale: Parameters<typeof scorePoints>[1]
  readonly population: { readonly products: readonly string[]; readonly currencies: readonly string[] }
  readonly inputs: readonly {
    readonly name?: string
    readonly range: readonly [number, number] | readonly number[]
    readonly missing: 'allowed' | 'refused'
    readonly group: ReasonCode
  }[]
}

/** What a policy is compiled with besides the model and the features. */
export interface PolicyContext {
  /** Groups of the fraud model’s inputs; undefined where none serves. */
  readonly fraud?: ReasonGroups | undefined
  readonly scorecard?: ReasonGroups | undefined
  /** Rule packs; without them a product that names a jurisdiction is refused. */
  readonly rules?: EvaluateRules | undefined
}

/** A score, or why there is none. */
export type Assessment =
  | ({ readonly kind: 'scored'; readonly fraud?: ModelScore | undefined } & ModelScore)
  | { readonly kind: 'fault'; readonly code: ReasonCode }

export interface DecideInput {
  readonly application: Application
  /** Features in catalogue order. */
  readonly values: Float64Array
  /** The model’s inputs, as scored. */
  readonly vector: Float32Array
  readonly assessment: Assessment
  /** Null where the model ships no scorecard. */
  readonly scorecard?: ScorecardScore | null
  /** Whether the applicant’s history is longer than what was read: lifetime features are then too small. */
  readonly historyTruncated: boolean
  /** What the applicant owes or has reserved now, minor units, in the product’s currency; 0 where it is not told. */
  readonly exposureMinor?: number
  /** Part of the limit that reviews and warnings leave the applicant, in (0, 1]; all of it where it is not told. */
  readonly limitFactor?: number
  /** Of what the limit would be, what may be granted while the portfolio is at a limit of its own; 1 where it is not told. */
  readonly portfolioShare?: number
  /** What was given in earlier rounds and for this one; nothing where it is not told. */
  readonly evidence?: EvidenceSoFar | undefined
  readonly decisionId: string
  readonly nowMs: number
}

/** A decision before it gets its ids, dates and trace. */
export interface Verdict {
  readonly outcome: Outcome
  readonly score: Score | null
  /** Whether the scorecard gave the score, in the place of the model. */
  readonly byScorecard?: boolean
  readonly limit: Limit | null
  readonly offers: readonly Offer[]
  readonly reasons: readonly Reason[]
  /** Zone of the offers’ dates; null without offers. */
  readonly utcOffsetMinutes: number | null
  /** What would let a referred application go on. */
  readonly nextActions?: readonly NextAction[]
  /** What each stage read and decided; a policy without stages keeps none. */
  readonly steps?: Steps
  /** What the rule packs came to, where the product is under them. */
  readonly statutory?: StatutoryVerdict
}

/** Decides one application. Pure: same input, same verdict, to the bit. */
export type Decide = (input: DecideInput) => Verdict

/** The lowest probability at which the policy does not approve: from there reasons may be needed. */
export function explainFromPd({ bands }: Policy): number {
  const firstWorse = bands.findIndex(({ action }) => action !== 'APPROVE')
  return firstWorse <= 0 ? 0 : (bands[firstWorse - 1] as Band).pdBelow
}

/**
 * Compiles a policy: in stages where it says so, else with all rules asked at once: hard rules, fraud signals, score, band,
 * limit, price, offer. The worst finding decides; policy reasons come before score reasons. Whatever is missing or unusable refers to a
 * person: a fault neither approves nor declines.
 */
export function compilePolicy(
  policy: Policy,
  model: ModelFacts,
  featureNames: readonly string[],
  context: PolicyContext = {}
): Decide {
  const { fraud, scorecard } = context
  const earlierLoans = featureNames.indexOf(EARLIER_LOANS)
  if (earlierLoans < 0) throw new Error(`the feature catalogue does not define ${EARLIER_LOANS}`)
  if (policy.flow === 'staged') return compileStaged(policy, model, featureNames, context, earlierLoans)
  const findVelocity = compileVelocity(policy, featureNames)
  const grant = createGrant(policy, NO_TABLES)

  const decide = (input: DecideInput): Verdict => {
    const { application, values, nowMs, exposureMinor = 0 } = input
    const findings: Finding[] = [...findRuleHits(policy, application, nowMs), ...findVelocity(values)]
    if (fraud !== undefined) findings.push(...findFraudSigns(policy, fraud, input.assessment))
    const assessed = assess(policy, model, scorecard, input, values[earlierLoans] as number)
    const score = assessed.kind === 'usable' ? assessed.score : null
    const byScorecard = assessed.kind === 'usable' && assessed.byScorecard
    if (assessed.kind === 'unusable') findings.push({ outcome: 'REFER', code: assessed.code })
    if (findings.length > 0) return { ...refuseFor(findings, score), byScorecard }
    if (assessed.kind === 'unusable') throw new Error('an unusable score is a finding')
    if (assessed.band.action !== 'APPROVE')
      return { ...refuse(assessed.band.action, assessed.scoreReasons, score), byScorecard }
    const product = findProduct(policy, application)
    if (product === undefined) throw new Error('a product without a policy is declined by rule')
    const facts = { application, values, ageYears: Number.NaN, exposureMinor, ...assessed.score, fraudPd: Number.NaN }
    const grantee = {
      input,
      product,
      facts,
      assessed,
      earlierLoans: values[earlierLoans] as number,
      statutory: undefined
    }
    return { ...grant({ ...grantee, steps: {} }), byScorecard }
  }
  return decide
}
