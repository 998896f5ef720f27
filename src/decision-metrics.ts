import { type DecisionObserver, STAGES } from './decisions/decide.ts'
import { LEFT_OUT_SHADOW } from './decisions/ladder.ts'
import type { Outcome } from './domain/decision.ts'
import type { EntityKind } from './domain/event.ts'
import { REASONS } from './domain/reasons.ts'
import type { DriftMetrics } from './drift/drift-metrics.ts'
import { agreementOf } from './inference/scorecard.ts'
import type { Metrics } from './metrics.ts'
import { brokenInvariants, INVARIANTS } from './policy/invariants.ts'
import type { Policy } from './policy/schema.ts'
import { bound, observeVerdicts } from './verdict-metrics.ts'

export interface ObservedBeside {
  readonly drift?: Pick<DriftMetrics, 'observe'>
  readonly features?: { readonly observe: (values: Float64Array) => void }
  /** The first decision of an application comes by `api`, a later one made with evidence by `evidence`. */
  readonly channel?: 'api' | 'evidence'
}

/**
 * What decisions tell Prometheus. Children are bound once per combination of labels, because a label look-up costs as much
 * as the observation (ecosystem reference, section 5).
 */
export function observeDecisions(
  metrics: Metrics,
  policy: () => Pick<Policy, 'bands' | 'rateCap' | 'velocity'>,
  { drift, features, channel = 'api' }: ObservedBeside = {}
): DecisionObserver {
  const model = 'credit'
  const stageDuration = metrics.histogram('credit_decision_stage_duration_seconds')
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, stageDuration.labels({ stage })]))
  const decisions = metrics.counter('credit_decisions_total')
  const reasons = metrics.counter('credit_decision_reasons_total')
  const fallbacks = metrics.counter('credit_decision_fallback_total')
  const replays = metrics
    .counter('credit_idempotent_replays_total')
    .labels({ endpoint: channel === 'api' ? 'decisions' : channel })
  const pd = metrics.histogram('credit_pd_ratio').labels({ model })
  const fraudPd = metrics.histogram('credit_pd_ratio').labels({ model: 'fraud' })
  const verdicts = observeVerdicts(metrics, policy)
  const points = metrics.histogram('credit_score_points')
  const apr = metrics.histogram('credit_offer_apr_ratio')
  const reasonInfo = metrics.gauge('credit_reason_info')
  for (const [reason_code, { en }] of Object.entries(REASONS)) reasonInfo.set({ reason_code, text: en }, 1)
  const violations = metrics.counter('credit_invariant_violations_total')
  // Without a zero nobody could tell that promises are counted at all.
  for (const invariant of INVARIANTS) violations.inc({ invariant }, 0)
  const decided = bound((product, decision) => decisions.labels({ product, channel, decision, stage: 'FINAL' }))
  const because = bound((reason_code, decision) => reasons.labels({ reason_code, decision }))
  const pointsOf = bound((product) => points.labels({ model, product }))
  const challengerFaults = metrics.counter('credit_challenger_faults_total')
  const exposureRetries = metrics.counter('credit_exposure_retries_total')
  const agreements = metrics.counter('credit_scorecard_agreement_total')
  const agreed = bound((agreement) => agreements.labels({ agreement }))
  const byModel = metrics.counter('credit_model_decisions_total')
  const decidedBy = bound((version, decision) => byModel.labels({ version, decision }))
  const aprOf = bound((product, band) => apr.labels({ product, band }))
  return {
    stage: (stage, seconds) => stages[stage]?.observe(seconds),
    read: (values) => features?.observe(values),
    replayed: () => replays.inc(),
    exposed: () => exposureRetries.inc(),
    challengerFailed: () => challengerFaults.inc(),
    scored: (modelId, vector, assessment, scorecard) => {
      if (assessment.kind === 'fault') return
      drift?.observe(modelId, vector, assessment)
      if (assessment.fraud !== undefined) fraudPd.observe(assessment.fraud.pd)
      if (scorecard !== null) agreed(agreementOf(policy().bands, assessment.pd, scorecard.pd), '').inc()
    },
    decided: ({ outcome, verdict, modelId, reasonCodes, degraded }, { product }) => {
      const { score, offers, byScorecard } = verdict
      for (const invariant of brokenInvariants(verdict, policy())) violations.inc({ invariant })
      decided(product, outcome).inc()
      verdicts(verdict, product)
      decidedBy(versionOf(modelId), outcome).inc()
      for (const code of reasonCodes) because(code, outcome).inc()
      for (const component of degraded)
        fallbacks.inc({ component, mode: fallbackMode(component, outcome, byScorecard === true) })
      if (score !== null) {
        pd.observe(score.pd)
        pointsOf(product, '').observe(score.points)
      }
      const rates = offers.length > 0 ? aprOf(product, score?.band ?? 'none') : undefined
      for (const { apr: of } of offers) rates?.observe(of.effective)
    }
  }
}

/**
 * What was done instead of a part: default where the decision is what it would have been by this part, for a rule declined anyway,
 * or because nothing hung on it.
 *
 * @param component as in `trace.degraded`
 */
export function fallbackMode(
  component: string,
  outcome: Outcome,
  byScorecard: boolean
): 'default' | 'scorecard' | 'refer' {
  // Of the histories only the applicant’s must be whole (policy/assess.ts).
  const isSpared = component.startsWith('HISTORY_TRUNCATED:') && component !== 'HISTORY_TRUNCATED:applicant'
  if (component === LEFT_OUT_SHADOW || isSpared) return 'default'
  if (byScorecard) return 'scorecard'
  return outcome === 'REFER' ? 'refer' : 'default'
}

/** Of version@sha256. */
function versionOf(modelId: string): string {
  return modelId.slice(0, modelId.indexOf('@'))
}

/** Counts what came too late for an entity. */
export function countSetAside(metrics: Metrics): (entity: EntityKind, events?: number) => void {
  const setAside = metrics.counter('credit_events_set_aside_total')
  return (entity, events = 1) => setAside.inc({ entity }, events)
}
