import { QUANTILE_COLOURS } from './colours.ts'
import type { Section } from './dashboard.ts'
import { timeSeries } from './panels.ts'
import { perSecond, quantile, total } from './promql.ts'

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
      width: 8,
      limit: LATENCY_GOAL_SECONDS,
      colours: QUANTILE_COLOURS,
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
      width: 8,
      queries: [
        {
          expr: quantile(0.99, 'credit_decision_stage_duration_seconds', { by: ['stage'] }),
          legend: '{{stage}}'
        }
      ]
    }),
    timeSeries({
      title: 'Requests in progress',
      question: `How much is going on at once?
Near the limit (MAX_IN_FLIGHT) of a gateway the next request is refused. It is read at the moment of a scrape, so it jumps.`,
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
      whenNone: 'None in the time shown',
      unit: 'reqps',
      width: 12,
      stacked: true,
      queries: [
        { expr: perSecond('credit_decision_errors_total', { by: ['kind', 'stage'] }), legend: '{{kind}} · {{stage}}' }
      ]
    }),
    timeSeries({
      title: 'Decided without a part',
      question: `Which part was missing, and what was done instead?
SYS_… and SCORECARD are faults of ours; HISTORY_TRUNCATED is an entity with more events than are kept. default means that
the outcome did not hang on it, refer that a person decides.`,
      whenNone: 'None in the time shown',
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
      title: 'Requests refused for overload',
      question: `Do we turn callers away, and why?
full is more than this gateway takes, share is one partner above its share, late is a deadline too near to be kept.`,
      whenNone: 'None in the time shown',
      unit: 'reqps',
      width: 12,
      stacked: true,
      queries: [
        { expr: perSecond('credit_requests_shed_total', { by: ['route', 'reason'] }), legend: '{{reason}} · {{route}}' }
      ]
    }),
    timeSeries({
      title: 'Replays and conflicts',
      question: `Do callers repeat themselves, and do they do it right?
A replay gives the stored answer again and is harmless; many of them mean time-outs at the caller. A conflict is
another application under a known id: a fault in the caller’s program.`,
      whenNone: 'None in the time shown',
      unit: 'reqps',
      width: 12,
      queries: [
        { expr: perSecond('credit_idempotent_replays_total', { by: ['endpoint'] }), legend: 'replays · {{endpoint}}' },
        {
          expr: perSecond('credit_idempotency_conflicts_total', { by: ['endpoint'] }),
          legend: 'conflicts · {{endpoint}}'
        }
      ]
    })
  ]
}
