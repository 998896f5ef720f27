import type { ReadDecision } from '../decisions/record.ts'
import type { Application, Term } from '../domain/application.ts'
import { type createRevaluer, createVectorPicker, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { type Assessment, compilePolicy, type Verdict } from '../policy/engine.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import { findChanges, isBeyondAmountAndTerm } from './changes.ts'
import { PD_TOLERANCE, treePd } from './margin.ts'
import type { Changes } from './schema.ts'
import type { SearchBudget } from './search.ts'

export interface ExplainChangesDeps {
  /** The model that scored the decision; undefined where no score entered it. */
  readonly model: VerifiedModel | undefined
  readonly policy: LoadedPolicy
  readonly featureSet: FeatureSet
  /** Features of the application and ratios of it, for another amount or term. */
  readonly revalue: ReturnType<typeof createRevaluer>
  readonly budget: SearchBudget
}

/** What would have changed the outcome, found by deciding the record again with another amount and term. */
export async function explainChanges(read: ReadDecision, deps: ExplainChangesDeps): Promise<Changes> {
  const { decision, record } = read
  const { model, policy, budget } = deps
  if (decision.decision === 'APPROVE') return without('notNeeded')
  if (decision.reasons.some(({ code }) => isBeyondAmountAndTerm(code))) return without('none', 'otherCause')
  if (model === undefined) return without('omitted', 'noUsableScore')
  if (decision.trace.policy !== policy.id) return without('omitted', 'policyNotHere')
  const { application } = record
  const product = policy.policy.products.find(({ product }) => product === application.product)
  if (product === undefined) return without('none', 'otherCause')
  const again = createAgain(read, model, deps)
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
  { manifest, scorerData: { trees } }: VerifiedModel,
  { policy, featureSet, revalue }: ExplainChangesDeps
) {
  const { application, asOf, features } = record
  const toVector = createVectorPicker(
    featureSet.names,
    manifest.inputs.map(({ name }) => name)
  )
  const usesFraud = decision.trace.models.fraud !== undefined
  // Its reasons are not told here, so that its groups need not be known.
  const fraud = usesFraud ? { pd: record.fraudPd ?? Number.NaN, contributions: null } : undefined
  const decideByPolicy = compilePolicy(policy.policy, manifest, featureSet.names, {
    fraud: usesFraud ? { inputs: [] } : undefined
  })
  const historyTruncated = decision.trace.degraded.includes('HISTORY_TRUNCATED:applicant')

  const decideWith = (changed: Application, values: Float64Array, vector: Float32Array, pd: number): Verdict => {
    const assessment: Assessment = { kind: 'scored', pd, contributions: null, fraud }
    const { decisionId } = decision
    return decideByPolicy({
      application: changed,
      values,
      vector,
      assessment,
      historyTruncated,
      decisionId,
      nowMs: asOf
    })
  }

  const vector = toVector(features)
  const pd = record.pd ?? Number.NaN
  const isReproduced =
    Math.abs(treePd(trees, vector) - pd) <= PD_TOLERANCE &&
    decideWith(application, features, vector, pd).outcome === decision.decision

  const scratch = new Float64Array(features.length)
  const decide = (amountMinor: number, term: Term): Verdict => {
    const changed = { ...application, amountMinor, term }
    const values = revalue(changed, features, asOf, scratch)
    const row = toVector(values)
    // On the safe side of what the network may say: no change is promised that it might refuse.
    return decideWith(changed, values, row, treePd(trees, row) + PD_TOLERANCE)
  }
  return { isReproduced, decide }
}
