import { decideWithin } from '../decisions/exposure.ts'
import type { ReadDecision } from '../decisions/record.ts'
import type { Application, Term } from '../domain/application.ts'
import type { createRevaluer, FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { compilePolicy, type Verdict } from '../policy/engine.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import { findChanges, isBeyondAmountAndTerm } from './changes.ts'
import type { Changes } from './schema.ts'
import type { Scoring } from './scoring.ts'
import type { SearchBudget } from './search.ts'

export interface ExplainChangesDeps {
  /** What scored the decision; undefined where no score entered it. */
  readonly by: { readonly model: VerifiedModel; readonly scoring: Scoring } | undefined
  readonly policy: LoadedPolicy
  readonly featureSet: FeatureSet
  /** Features of the application and ratios of it, for another amount or term. */
  readonly revalue: ReturnType<typeof createRevaluer>
  readonly budget: SearchBudget
}

/** What would have changed the outcome, found by deciding the record again with another amount and term. */
export async function explainChanges(read: ReadDecision, deps: ExplainChangesDeps): Promise<Changes> {
  const { decision, record } = read
  const { by, policy, budget } = deps
  if (decision.decision === 'APPROVE') return without('notNeeded')
  if (decision.reasons.some(({ code }) => isBeyondAmountAndTerm(code))) return without('none', 'otherCause')
  if (by === undefined) return without('omitted', 'noUsableScore')
  if (decision.trace.policy !== policy.id) return without('omitted', 'policyNotHere')
  const { application } = record
  const product = policy.policy.products.find(({ product }) => product === application.product)
  if (product === undefined) return without('none', 'otherCause')
  const again = createAgain(read, by, deps)
  if (!again.isReproduced) return without('omitted', 'notReproduced')

  const { items, isExact, hasOtherCause } = await findChanges({ application, product, decide: again.decide, budget })
  if (hasOtherCause) return without('none', 'otherCause')
  return {
    status: items.length === 0 ? 'none' : 'found',
    cause: null,
    exact: isExact,
    items: items.map((item) => ({ ...item, currency: application.currency }))
  }
}

function without(status: Changes['status'], cause: Changes['cause'] = null): Changes {
  return { status, cause, exact: true, items: [] }
}

/** The decision made again from its record; with another amount and term when asked. */
function createAgain(
  { decision, record }: ReadDecision,
  { model, scoring }: NonNullable<ExplainChangesDeps['by']>,
  { policy, featureSet, revalue }: ExplainChangesDeps
) {
  const { application, asOf, features, exposure, evidence } = record
  const { decisionId, trace } = decision
  const decideByPolicy = compilePolicy(policy.policy, model.manifest, featureSet.names, {
    fraud: trace.models.fraud === undefined ? undefined : { inputs: [] },
    scorecard: scoring.scorecardGroups,
    rules: policy.rules
  })
  const historyTruncated = trace.degraded.includes('HISTORY_TRUNCATED:applicant')
  const decideOf = (changed: Application, values: Float64Array): Verdict =>
    decideWithin(
      decideByPolicy,
      { ...scoring.assess(values), application: changed, values, historyTruncated, evidence, decisionId, nowMs: asOf },
      exposure
    )

  const scratch = new Float64Array(features.length)
  return {
    isReproduced: scoring.isReproduced && decideOf(application, features).outcome === decision.decision,
    decide: (amountMinor: number, term: Term): Verdict => {
      const changed = { ...application, amountMinor, term }
      return decideOf(changed, revalue(changed, features, asOf, scratch))
    }
  }
}
