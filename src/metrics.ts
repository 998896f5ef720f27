import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { DRIFT_METRICS } from './drift-metric-table.ts'
import type { Definition } from './metric-definition.ts'
import { PORTFOLIO_METRICS } from './portfolio-metric-table.ts'
import { VERDICT_METRICS } from './verdict-metric-table.ts'

/** From a quarter of a millisecond, where the service lives, to where a caller has given up. */
const LATENCY_BUCKETS = [0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
const INFERENCE_BUCKETS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.01, 0.05]
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64]
const SCORE_BUCKETS = Array.from({ length: 23 }, (_, step) => 300 + step * 25)
const RATIO_BUCKETS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1]
const APR_BUCKETS = [0.06, 0.12, 0.15, 0.18, 0.2, 0.22, 0.24, 0.36]
const JOB_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]

/**
 * Every metric, once. Labels come from closed sets: never an id of a person, a loan or a decision.
 * docs/metrics.md is held equal by a test.
 */
export const METRICS = {
  credit_build_info: { type: 'gauge', help: 'Always 1; which version runs', labels: ['version', 'process'] },
  credit_model_info: { type: 'gauge', help: 'Always 1; which model serves', labels: ['model', 'version', 'hash'] },
  credit_decisions_total: {
    type: 'counter',
    help: 'Decisions made',
    labels: ['product', 'channel', 'decision', 'stage']
  },
  credit_decision_reasons_total: { type: 'counter', help: 'Reasons given', labels: ['reason_code', 'decision'] },
  credit_decision_duration_seconds: {
    type: 'histogram',
    help: 'From the request read to the answer written',
    labels: ['product', 'path'],
    buckets: LATENCY_BUCKETS
  },
  credit_decision_stage_duration_seconds: {
    type: 'histogram',
    help: 'Time of one stage of a decision',
    labels: ['stage'],
    buckets: LATENCY_BUCKETS
  },
  credit_decision_errors_total: { type: 'counter', help: 'Requests answered with an error', labels: ['stage', 'kind'] },
  credit_decision_fallback_total: {
    type: 'counter',
    help: 'Decisions made without a part',
    labels: ['component', 'mode']
  },
  credit_invariant_violations_total: {
    type: 'counter',
    help: 'Promises that were broken; always 0',
    labels: ['invariant']
  },
  credit_idempotent_replays_total: { type: 'counter', help: 'Stored answers given again', labels: ['endpoint'] },
  credit_idempotency_conflicts_total: { type: 'counter', help: 'Changed bodies refused', labels: ['endpoint'] },
  credit_score_points: {
    type: 'histogram',
    help: 'Points of scored decisions',
    labels: ['model', 'product'],
    buckets: SCORE_BUCKETS
  },
  credit_pd_ratio: { type: 'histogram', help: 'Probability of default', labels: ['model'], buckets: RATIO_BUCKETS },
  credit_offer_apr_ratio: {
    type: 'histogram',
    help: 'Effective annual rate of offers',
    labels: ['product', 'band'],
    buckets: APR_BUCKETS
  },
  ...VERDICT_METRICS,
  ...PORTFOLIO_METRICS,
  credit_events_total: { type: 'counter', help: 'Events received', labels: ['type', 'outcome'] },
  credit_events_set_aside_total: {
    type: 'counter',
    help: 'Events that came too late for an entity of which that time is kept as tiles only',
    labels: ['entity']
  },
  credit_requests_in_flight: { type: 'gauge', help: 'Admitted requests in progress', labels: [] },
  credit_requests_shed_total: {
    type: 'counter',
    help: 'Requests refused before their body was read',
    labels: ['route', 'reason']
  },
  credit_model_inference_duration_seconds: {
    type: 'histogram',
    help: 'Time of one batch in the scoring thread',
    labels: ['model'],
    buckets: INFERENCE_BUCKETS
  },
  credit_model_batch_rows: { type: 'histogram', help: 'Rows of one batch', labels: ['model'], buckets: BATCH_BUCKETS },
  credit_model_faults_total: { type: 'counter', help: 'Late or failed inferences', labels: ['kind'] },
  credit_model_decisions_total: {
    type: 'counter',
    help: 'Decisions by the version whose score they have',
    labels: ['version', 'decision']
  },
  credit_exposure_retries_total: {
    type: 'counter',
    help: 'Decisions made again because others took of the same limit meanwhile',
    labels: []
  },
  credit_challenger_faults_total: {
    type: 'counter',
    help: 'Decisions that a challenger left to the champion',
    labels: []
  },
  credit_model_activation_failures_total: {
    type: 'counter',
    help: 'Changes of the active models that were refused; those before keep serving',
    labels: []
  },
  credit_shadow_decisions_total: {
    type: 'counter',
    help: 'What was decided, and what the shadow would have decided',
    labels: ['decided', 'shadow']
  },
  credit_shadow_dropped_total: {
    type: 'counter',
    help: 'Shadow decisions left out',
    labels: ['reason']
  },
  credit_guard_level: {
    type: 'gauge',
    help: 'Level of a rule of the portfolio guard: 0 within its limits, 1 amber, 2 red',
    labels: ['rule_id', 'product']
  },
  credit_guard_value_ratio: {
    type: 'gauge',
    help: 'What a rule of the portfolio guard saw: a share, or of a rise how much above before',
    labels: ['rule_id', 'product']
  },
  credit_concentration_ratio: {
    type: 'gauge',
    help: 'Share of the largest in the whole',
    labels: ['dimension']
  },
  credit_guard_restrictions: {
    type: 'gauge',
    help: 'What the portfolio guard holds back',
    labels: ['kind']
  },
  credit_guard_actions_total: {
    type: 'counter',
    help: 'Restrictions that began, and that ended by themselves',
    labels: ['kind']
  },
  credit_guard_unread_total: {
    type: 'counter',
    help: 'Looks of the portfolio guard that could not read something; it does nothing about that',
    labels: ['source']
  },
  credit_first_payment_default_ratio: {
    type: 'gauge',
    help: 'Loans of the newest four weeks that had not paid so many days after their first due date',
    labels: ['product', 'days']
  },
  credit_policy_info: {
    type: 'gauge',
    help: 'Always 1; which policy decides, and which is evaluated beside it',
    labels: ['place', 'version', 'hash']
  },
  credit_policy_reload_failures_total: {
    type: 'counter',
    help: 'Looks at the active policy that found it broken; the last good one keeps deciding',
    labels: []
  },
  credit_policy_shadow_decisions_total: {
    type: 'counter',
    help: 'What was decided, and what the candidate policy would have decided',
    labels: ['decided', 'shadow']
  },
  credit_policy_shadow_dropped_total: {
    type: 'counter',
    help: 'Decisions that the candidate policy was not asked about',
    labels: ['reason']
  },
  credit_scorecard_agreement_total: {
    type: 'counter',
    help: 'Band of the scorecard beside that of the model',
    labels: ['agreement']
  },
  ...DRIFT_METRICS,
  credit_outcomes_total: { type: 'counter', help: 'Outcomes received', labels: ['result'] },
  credit_model_outcomes: {
    type: 'gauge',
    help: 'Decisions of a model whose outcome is known',
    labels: ['model', 'version', 'outcome']
  },
  credit_model_auc: {
    type: 'gauge',
    help: 'Probability that the model gives a bad one the higher probability of default than a good one',
    labels: ['model', 'version']
  },
  credit_model_ks: {
    type: 'gauge',
    help: 'Largest distance between the distributions of bad and good',
    labels: ['model', 'version']
  },
  credit_model_brier: {
    type: 'gauge',
    help: 'Mean squared distance of the probability from the outcome',
    labels: ['model', 'version']
  },
  credit_model_observed_expected_ratio: {
    type: 'gauge',
    help: 'Bad outcomes by those the model expected',
    labels: ['model', 'version']
  },
  credit_reviews_finished_total: {
    type: 'counter',
    help: 'Reviews that a person finished',
    labels: ['product', 'decision', 'action', 'in_time']
  },
  credit_manual_overrides_total: {
    type: 'counter',
    help: 'Decisions of a person against the policy',
    labels: ['product', 'direction']
  },
  credit_manual_review_pending: { type: 'gauge', help: 'Reviews that wait for a person', labels: [] },
  credit_manual_review_overdue: { type: 'gauge', help: 'Those of them that are past their time', labels: [] },
  credit_manual_review_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the review that is due first has waited',
    labels: []
  },
  credit_redis_up: { type: 'gauge', help: '1 while the connection can take commands', labels: ['role'] },
  credit_redis_errors_total: { type: 'counter', help: 'Errors of the connection', labels: ['role'] },
  credit_log_entries_total: {
    type: 'counter',
    help: 'Notes of due entities that the ingest worker acknowledged',
    labels: []
  },
  credit_log_pending_entries: { type: 'gauge', help: 'Notes of due entities not acknowledged yet', labels: [] },
  credit_profile_compactions_total: { type: 'counter', help: 'Tails folded into profiles', labels: ['outcome'] },
  credit_inbox_events_total: { type: 'counter', help: 'Entries of the inbox handled', labels: ['outcome'] },
  credit_inbox_pending_entries: { type: 'gauge', help: 'Entries of the inbox not done with yet', labels: [] },
  credit_deadletter_total: { type: 'counter', help: 'Dead letters written', labels: ['reason'] },
  credit_deadletter_entries: { type: 'gauge', help: 'Dead letters waiting for a person', labels: [] },
  credit_deadletter_evicted_total: {
    type: 'counter',
    help: 'Dead letters that went because there were too many',
    labels: []
  },
  credit_profiles_expired_total: {
    type: 'counter',
    help: 'Entities removed because they had no event for PROFILE_IDLE_DAYS',
    labels: []
  },
  credit_outbox_relayed_total: { type: 'counter', help: 'Outbox entries turned into jobs', labels: [] },
  credit_outbox_pending_entries: { type: 'gauge', help: 'Outbox entries not relayed yet', labels: [] },
  credit_webhook_deliveries_total: {
    type: 'counter',
    help: 'Tries to tell an endpoint of an event',
    labels: ['event', 'outcome']
  },
  credit_webhook_dead_letters: { type: 'gauge', help: 'Deliveries given up, to be sent again by a person', labels: [] },
  credit_webhook_outbox_pending_entries: { type: 'gauge', help: 'Webhook events not queued yet', labels: [] },
  credit_queue_jobs: { type: 'gauge', help: 'Jobs by state', labels: ['queue', 'state'] },
  credit_queue_job_duration_seconds: {
    type: 'histogram',
    help: 'Time of one job',
    labels: ['queue', 'job'],
    buckets: JOB_BUCKETS
  },
  credit_queue_jobs_finished_total: { type: 'counter', help: 'Jobs finished', labels: ['queue', 'job', 'outcome'] },
  credit_loan_checks_queued_total: { type: 'counter', help: 'Checks of loans that became jobs', labels: [] },
  credit_notices_lost_total: { type: 'counter', help: 'Notices that went because nobody took them', labels: [] },
  credit_limit_reviews_total: { type: 'counter', help: 'Reviews of the limit of a person', labels: ['action'] },
  credit_monitoring_gaps: {
    type: 'gauge',
    help: 'Checks of loans that failed for good and wait for a person',
    labels: []
  },
  credit_job_last_success_timestamp_seconds: { type: 'gauge', help: 'When a job last succeeded', labels: ['job'] }
} as const satisfies Record<string, Definition>

export type MetricName = keyof typeof METRICS
type NamesOf<Type extends Definition['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[MetricName]

export interface Metrics {
  readonly registry: Registry
  readonly counter: (name: NamesOf<'counter'>) => Counter
  readonly gauge: (name: NamesOf<'gauge'>) => Gauge
  readonly histogram: (name: NamesOf<'histogram'>) => Histogram
}

export interface MetricsOptions {
  readonly process: 'gateway' | 'ingest' | 'monitor'
  readonly version: string
  /** Event loop, memory and garbage collection of Node itself. */
  readonly withDefaults: boolean
}

/** A registry; a metric is made when a process first asks for it, so each process shows only what it measures. */
export function createMetrics({ process, version, withDefaults }: MetricsOptions): Metrics {
  const registry = new Registry()
  if (withDefaults) collectDefaultMetrics({ register: registry })
  const made = new Map<string, Counter | Gauge | Histogram>()

  const make = <Metric extends Counter | Gauge | Histogram>(
    name: MetricName,
    create: (options: { name: string; help: string; labelNames: string[]; registers: Registry[] }) => Metric
  ): Metric => {
    const { help, labels } = METRICS[name]
    const metric = made.get(name) ?? create({ name, help, labelNames: [...labels], registers: [registry] })
    made.set(name, metric)
    return metric as Metric
  }

  const metrics: Metrics = {
    registry,
    counter: (name) => make(name, (options) => new Counter(options)),
    gauge: (name) => make(name, (options) => new Gauge(options)),
    histogram: (name) => make(name, (options) => new Histogram({ ...options, buckets: [...METRICS[name].buckets] }))
  }
  metrics.gauge('credit_build_info').set({ version, process }, 1)
  return metrics
}
