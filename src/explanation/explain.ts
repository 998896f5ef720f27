import { type ReadDecision, readStoredDecision } from '../decisions/record.ts'
import type { DecisionStore } from '../decisions/store.ts'
import { AssayError } from '../errors.ts'
import { createRevaluer, type FeatureSet } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { LoadedPolicy } from '../policy/load.ts'
import { describeAttribution } from './attribution-view.ts'
import { explainChanges } from './explain-changes.ts'
import type { ModelLibrary } from './model-library.ts'
import type { Explanation } from './schema.ts'
import { findScoring } from './scoring.ts'
import { createSearchBudget, type SearchLimits } from './search.ts'
import { createTurns } from './turns.ts'

export interface ExplainDeps {
  readonly store: Pick<DecisionStore, 'read'>
  readonly featureSet: FeatureSet
  readonly models: ModelLibrary
  /** The policy that decides now; another one’s decisions are explained without changes. */
  readonly policy: LoadedPolicy
  readonly monotonicMs: () => number
  /** Lets the event loop have its turn. */
  readonly rest: () => Promise<unknown>
  readonly limits?: Partial<Pick<SearchLimits, 'maxTries' | 'maxBusyMs' | 'sliceMs'>>
}

/** Explains a kept decision of a tenant; undefined when there is none. */
export type ExplainService = (tenant: string, decisionId: string) => Promise<Explanation | undefined>

/** A try takes 3 µs with the model in force: all of them are a few milliseconds, in slices that no decision notices. */
const LIMITS = { maxTries: 1000, maxBusyMs: 60, sliceMs: 1 }
const MAX_WAITING = 16
/** What the fraud model is trained on, wherever its manifest can not be asked. */
const FRAUD_NOTICE = 'trained on simulated data'
const SCORECARD_NOTICE = 'A scorecard scored the same features beside the model'
const SCORECARD_DECIDED = 'The model gave no score in time: a scorecard of the same features decided'

/**
 * @throws AssayError store_unavailable · overloaded when too many explanations wait
 * @throws AssayError explanation_unavailable when the model or the feature set of the decision is no longer here
 */
export function createExplainService(deps: ExplainDeps): ExplainService {
  const { store, featureSet, models } = deps
  const definitions = new Map(featureSet.definitions.map((definition) => [definition.name, definition]))
  const revalue = createRevaluer(featureSet.definitions)
  const inTurn = createTurns(MAX_WAITING)

  const explain = async (read: ReadDecision): Promise<Explanation> => {
    const { decision } = read
    const { decisionId, reasons, score, trace } = decision
    const model = await models.find('credit', trace.models.credit ?? '')
    if (score !== null && model === undefined) throw notHere('models/credit', `the model ${trace.models.credit}`)
    if (score !== null && trace.featureSet !== featureSet.id)
      throw notHere('featureSet', `the feature set ${trace.featureSet}`)
    const budget = createSearchBudget({ ...LIMITS, ...deps.limits, ...deps })
    const scoring = model && findScoring(read, model, featureSet.names)
    const by = model && scoring && { model, scoring }
    return {
      decisionId,
      decision: decision.decision,
      reasons,
      score,
      attribution: by === undefined ? null : describeAttribution(by.model.id, by.scoring, definitions),
      changes: await explainChanges(read, { by, policy: deps.policy, featureSet, revalue, budget }),
      notices: await noticesOf(read, model),
      links: { self: `/v1/decisions/${decisionId}/explanation`, decision: `/v1/decisions/${decisionId}` }
    }
  }

  const noticesOf = async ({ decision: { trace }, record }: ReadDecision, model: VerifiedModel | undefined) => {
    const notices: Explanation['notices'] = []
    if (model?.manifest.notice) notices.push({ of: 'credit', text: model.manifest.notice })
    if (trace.degraded.includes('SCORECARD')) notices.push({ of: 'scorecard', text: SCORECARD_DECIDED })
    else if (typeof record.scorecardPd === 'number') notices.push({ of: 'scorecard', text: SCORECARD_NOTICE })
    const fraudId = trace.models.fraud
    if (fraudId !== undefined) {
      const fraud = await models.find('fraud', fraudId)
      notices.push({ of: 'fraud', text: fraud?.manifest.notice ?? FRAUD_NOTICE })
    }
    return notices
  }

  return async (tenant, decisionId) => {
    const stored = await store.read(tenant, decisionId)
    if (stored === undefined) return undefined
    const read = readStoredDecision(stored)
    if (!read.ok) {
      const cause = new Error(read.problems.map(({ field, problem }) => `${field} ${problem}`).join('; '))
      throw new AssayError('internal_error', 'the record of the decision cannot be read', { cause })
    }
    return inTurn(async () => {
      // Short ones, one behind the other, would hold up the loop as one long one.
      await deps.rest()
      return explain(read.value)
    })
  }
}

function notHere(field: string, what: string): AssayError {
  const problems = [{ field: `/trace/${field}`, problem: 'is no longer here' }]
  return new AssayError('explanation_unavailable', `${what} of the decision is no longer here`, { problems })
}
