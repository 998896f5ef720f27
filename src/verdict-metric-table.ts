import type { Definition } from './metric-definition.ts'

const AMOUNT_BUCKETS = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6]

/** What verdicts and features tell; a part of METRICS. */
export const VERDICT_METRICS = {
  credit_reason_info: { type: 'gauge', help: 'Always 1; what a reason says', labels: ['reason_code', 'text'] },
  credit_offer_limit: {
    type: 'histogram',
    help: 'Limit of approved applications, in whole units of the currency',
    labels: ['product', 'currency'],
    buckets: AMOUNT_BUCKETS
  },
  credit_limit_bindings_total: {
    type: 'counter',
    help: 'Decisions that came to a limit, by what bound it',
    labels: ['product', 'constraint']
  },
  credit_price_cap_bindings_total: {
    type: 'counter',
    help: 'Decisions with an offer at a cap of its rate, or none because every price was above it',
    labels: ['cap_rule']
  },
  credit_decision_bands_total: { type: 'counter', help: 'Scored decisions by band', labels: ['product', 'band'] },
  credit_rule_hits_total: {
    type: 'counter',
    help: 'Rules that declined or referred an application, or asked for a proof',
    labels: ['stage', 'rule_id', 'action']
  },
  credit_next_actions_total: {
    type: 'counter',
    help: 'Proofs that referred applicants were asked for',
    labels: ['type']
  },
  credit_feature_reads_total: { type: 'counter', help: 'Features computed', labels: ['feature_group'] },
  credit_feature_missing_total: { type: 'counter', help: 'Those of them that had no value', labels: ['feature_group'] }
} as const satisfies Record<string, Definition>
