import { type DecisionObserver, STAGES } from './decisions/decide.ts'
import type { Metrics } from './metrics.ts'

/**
 * What decisions tell Prometheus. Children are bound once for the stages, because a label look-up costs as much as the
 * observation (ecosystem reference, section 5).
 */
export function observeDecisions(metrics: Metrics, model: string): DecisionObserver {
  const stageDuration = metrics.histogram('credit_decision_stage_duration_seconds')
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, stageDuration.labels({ stage })]))
  const decisions = metrics.counter('credit_decisions_total')
  const reasons = metrics.counter('credit_decision_reasons_total')
  const fallbacks = metrics.counter('credit_decision_fallback_total')
  const replays = metrics.counter('credit_idempotent_replays_total').labels({ endpoint: 'decisions' })
  const pd = metrics.histogram('credit_pd_ratio').labels({ model })
  const points = metrics.histogram('credit_score_points')
  const apr = metrics.histogram('credit_offer_apr_ratio')
  return {
    stage: (stage, seconds) => stages[stage]?.observe(seconds),
    replayed: () => replays.inc(),
    decided: ({ outcome, verdict: { score, offers }, reasonCodes, degraded }, { product }) => {
      decisions.inc({ product, channel: 'api', decision: outcome, stage: 'FINAL' })
      for (const reason_code of reasonCodes) reasons.inc({ reason_code, decision: outcome })
      for (const component of degraded) fallbacks.inc({ component, mode: 'refer' })
      if (score !== null) {
        pd.observe(score.pd)
        points.observe({ model, product }, score.points)
      }
      for (const offer of offers) apr.observe({ product, band: score?.band ?? 'none' }, offer.apr.effective)
    }
  }
}
