import type { Section } from './dashboard.ts'
import { timeSeries } from './panels.ts'
import { mean, perSecond, quantile, total } from './promql.ts'

const PRODUCT = '$product'
/** DESIGN.md: an answer within 10 ms. */
export const LATENCY_GOAL_SECONDS = 0.01

/** What an engineer on call asks of the decision path. */
export const speed: Section = {
  title: 'How fast are decisions, and where does the time go?',
  panels: [
    timeSeries({
      title: 'Time to a decision',
      question: `How long does a caller wait?
From the request read to the answer written. The p99 belongs below the 10 ms line; only the p99 rising means queues or
garbage collection, all three rising means more work or a slow Redis.`,
      unit: 's',
      width: 12,
      limit: LATENCY_GOAL_SECONDS,
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expr: quantile(q, 'credit_decision_duration_seconds', { where: { product: PRODUCT } }),
        legend: `p${q * 100}`
      }))
    }),
    timeSeries({
      title: 'Time of each stage, p99',
      question: `Which stage takes the time?
begin and commit are a round trip to Redis each, score is the wait for the scoring thread, features and policy are sums.`,
      unit: 's',
      width: 12,
      queries: [
        {
          expr: quantile(0.99, 'credit_decision_stage_duration_seconds', { by: ['stage'] }),
          legend: '{{stage}}'
        }
      ]
    }),
    timeSeries({
      title: 'Inference of one batch',
      question: `How long does the model compute?
Time in the scoring thread alone. It grows with the rows of a batch; at equal rows it should not move.`,
      unit: 's',
      width: 8,
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'credit_model_inference_duration_seconds', { by: ['model'] }),
        legend: `{{model}} p${q * 100}`
      }))
    }),
    timeSeries({
      title: 'Rows of one batch',
      question: `Does the scoring thread keep up?
A batch is what waited when the thread became free: 1 is idle, rows near the largest batch mean it is saturated.`,
      unit: 'none',
      width: 8,
      queries: [
        { expr: mean('credit_model_batch_rows', { by: ['model'] }), legend: '{{model}} mean' },
        { expr: quantile(0.95, 'credit_model_batch_rows', { by: ['model'] }), legend: '{{model}} p95' }
      ]
    }),
    timeSeries({
      title: 'Requests in progress',
      question: `How much is going on at once?
Near the limit (MAX_IN_FLIGHT) of a gateway the next request is refused.`,
      unit: 'none',
      width: 8,
      queries: [{ expr: total('credit_requests_in_flight', { by: ['instance'] }), legend: '{{instance}}' }]
    })
  ]
}

export const faults: Section = {
  title: 'What goes wrong?',
  panels: [
    timeSeries({
      title: 'Errors by kind',
      question: `What do callers get instead of an answer?
invalid_request and its like are the caller’s to mend; store_unavailable, outcome_unknown and internal_error are ours.`,
      unit: 'reqps',
      width: 12,
      stacked: true,
      queries: [
        {
          expr: perSecond('credit_decision_errors_total', { by: ['kind', 'stage'] }),
          legend: '{{kind}} · {{stage}}'
        }
      ]
    }),
    timeSeries({
      title: 'Decided without a part',
      question: `Which part was missing when an application was referred for want of it?
Nothing here is normal. These applicants wait for a person because of a fault of ours.`,
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [
        {
          expr: perSecond('credit_decision_fallback_total', { by: ['component', 'mode'] }),
          legend: '{{component}} → {{mode}}'
        }
      ]
    }),
    timeSeries({
      title: 'Replays and conflicts',
      question: `Do callers repeat themselves, and do they do it right?
A replay gives the stored answer again and is harmless; many of them mean time-outs at the caller. A conflict is
another application under a known id: a fault in the caller’s program.`,
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: perSecond('credit_idempotent_replays_total', { by: ['endpoint'] }), legend: 'replays · {{endpoint}}' },
        {
          expr: perSecond('credit_idempotency_conflicts_total', { by: ['endpoint'] }),
          legend: 'conflicts · {{endpoint}}'
        }
      ]
    }),
    timeSeries({
      title: 'Requests refused for overload',
      question: `Do we turn callers away?
A refused request was answered 503 at once and stored nothing. More than a moment of it: add a gateway.`,
      unit: 'reqps',
      width: 8,
      queries: [{ expr: perSecond('credit_requests_shed_total', { by: ['route'] }), legend: '{{route}}' }]
    }),
    timeSeries({
      title: 'Faults of scoring and of Redis connections',
      question: `Is a dependency of the decision failing?
Late or failed inferences end in REFER; errors of the connection end in 503.`,
      unit: 'cps',
      width: 8,
      queries: [
        { expr: perSecond('credit_model_faults_total', { by: ['kind'] }), legend: 'scoring · {{kind}}' },
        {
          expr: perSecond('credit_redis_errors_total', { by: ['job', 'role'] }),
          legend: 'redis · {{job}} {{role}}'
        }
      ]
    })
  ]
}
