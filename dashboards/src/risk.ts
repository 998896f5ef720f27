import { BAND_COLOURS, OUTCOME_COLOURS } from './colours.ts'
import { dashboard, type Section } from './dashboard.ts'
import { heatMap, ranking, stat, table, timeSeries } from './panels.ts'
import { distribution, highest, howMany, orZero, perSecond, quantile, recorded, shareBy, shareOf } from './promql.ts'

const PRODUCT = '$product'
const OF_PRODUCT = { where: { product: PRODUCT } } as const
/** Rules of fraud have a dashboard of their own. */
const CREDIT_STAGES = /statutory|eligibility|credit/

const applicants: Section = {
  title: 'Who applies?',
  panels: [
    heatMap({
      title: 'Score points',
      question: `How good are the applicants, by score?
More points are a lower risk; the darker, the more applicants. A band that wanders up or down means other applicants or another
model; two bands mean two populations.`,
      unit: 'none',
      width: 8,
      queries: [{ expr: distribution('credit_score_points', OF_PRODUCT), legend: '{{le}}' }]
    }),
    heatMap({
      title: 'Probability of default',
      question: `What risk does the credit model see?
The same picture in the model’s own terms: the share of such loans that goes bad. All products together.`,
      unit: 'percentunit',
      width: 8,
      queries: [{ expr: distribution('credit_pd_ratio', { where: { model: 'credit' } }), legend: '{{le}}' }]
    }),
    timeSeries({
      title: 'Share of each band',
      question: `Into which bands do applicants fall?
A is the best. The bands are those of the policy; a jump at one moment is a new policy or model, a slow move is the market.`,
      unit: 'percentunit',
      width: 8,
      stacked: true,
      max: 1,
      colours: BAND_COLOURS,
      queries: [{ expr: shareBy('credit_decision_bands_total', 'band', OF_PRODUCT), legend: '{{band}}' }]
    })
  ]
}

const granted: Section = {
  title: 'What do we grant, at what price?',
  panels: [
    timeSeries({
      title: 'Limit granted',
      question: `How much may an approved borrower owe?
Half of the limits are below the median line, 95 in 100 below the upper one; whole units of the currency, as estimated from steps (100, 200,
500, 1000 …).`,
      unit: 'short',
      width: 12,
      queries: [0.5, 0.95].map((q) => ({
        expr: quantile(q, 'credit_offer_limit', { by: ['product', 'currency'], ...OF_PRODUCT }),
        legend: `{{product}} {{currency}} ${q === 0.5 ? 'median' : 'p95'}`
      }))
    }),
    timeSeries({
      title: 'Effective annual rate of offers',
      question: `What do the offers cost the borrower?
All costs included, compounded. Half of the offers are below the median line, 95 in 100 below the upper one. Nothing may be above the
line at 24 %.`,
      unit: 'percentunit',
      width: 12,
      limit: 0.24,
      queries: [0.5, 0.95].map((q) => ({
        expr: quantile(q, 'credit_offer_apr_ratio', { by: ['product'], ...OF_PRODUCT }),
        legend: `{{product}} ${q === 0.5 ? 'median' : 'p95'}`
      }))
    }),
    timeSeries({
      title: 'What bounds the limit',
      question: `What keeps limits from being higher?
BAND is the risk, FIRST_LOAN a new borrower, AFFORDABILITY and INCOME_THIRD the income, EXPOSURE what is owed already, PRODUCT the most
that the product lends, PARTNER what a funding partner has left.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      queries: [{ expr: shareBy('credit_limit_bindings_total', 'constraint', OF_PRODUCT), legend: '{{constraint}}' }]
    }),
    ranking({
      title: 'Caps on the rate that bind',
      question: `How often does a cap hold a price down, and which?
Decisions of the time shown whose offer is at a cap, or which had none because every price was above it. Many mean that the risk costs more
than the law or the policy lets us ask.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 6,
      queries: [{ expr: howMany('credit_price_cap_bindings_total', { by: ['cap_rule'] }), legend: '{{cap_rule}}' }]
    }),
    stat({
      title: 'Decided again for a limit',
      question: `Do decisions take the same limit from under each other?
The share made again because another decision of the same person came between. Limits hold all the same. Above 5 % somebody sends
applications over and over.`,
      unit: 'percentunit',
      height: 8,
      width: 6,
      base: 'green',
      steps: [{ from: 0.05, colour: 'red' }],
      queries: [
        {
          expr: `${orZero(perSecond('credit_exposure_retries_total'))} / ${perSecond('credit_decisions_total', { where: { stage: 'FINAL' } })}`,
          legend: 'made again'
        }
      ]
    })
  ]
}

const rules: Section = {
  title: 'Which rules decide?',
  panels: [
    ranking({
      title: 'Rules that hit most',
      question: `Which rules of law and policy stopped applications in the time shown?
refer sends to a person, decline ends it. Fraud rules are on their own dashboard.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `topk(10, ${howMany('credit_rule_hits_total', { by: ['stage', 'rule_id', 'action'], where: { stage: CREDIT_STAGES } })})`,
          legend: '{{rule_id}} · {{stage}} → {{action}}'
        }
      ]
    }),
    table({
      title: 'Rules beside a week ago',
      question: `Does a rule hit more or less often than in the same hour a week ago?
Hits within the last hour, less those of that hour. A rule new since then is shown with all its hits. A jump of one rule is a form or a
producer that changed.`,
      whenNone: 'No rule has hit within the last hour',
      unit: 'short',
      width: 12,
      value: 'more than a week ago',
      queries: [
        {
          expr: `sort_desc(round(${recorded('assay:rule_hits:increase1h')} - ${recorded('assay:rule_hits:increase1h', '1w')} or ${recorded('assay:rule_hits:increase1h')}))`,
          legend: ''
        }
      ]
    }),
    timeSeries({
      title: 'Information that is missing',
      question: `About what do we know too little?
The share of features without a value, by what they are about. A step up is a producer, a form or a bureau that stopped.`,
      unit: 'percentunit',
      width: 12,
      max: 1,
      queries: [
        {
          expr: `${perSecond('credit_feature_missing_total', { by: ['feature_group'] })} / ${perSecond('credit_feature_reads_total', { by: ['feature_group'] })}`,
          legend: '{{feature_group}}'
        }
      ]
    }),
    timeSeries({
      title: 'Proofs asked for',
      question: `What could referred applicants do to go on?
How many a second were asked for each proof.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('credit_next_actions_total', { by: ['type'] }), legend: '{{type}}' }]
    })
  ]
}

const people: Section = {
  title: 'Do people decide in time, and as the policy would?',
  panels: [
    stat({
      title: 'Waiting for a person',
      question: 'How many applications wait for a person?\nAll partners together; read once a minute.',
      unit: 'short',
      height: 8,
      width: 4,
      queries: [{ expr: highest('credit_manual_review_pending'), legend: 'waiting' }]
    }),
    stat({
      title: 'Past their time',
      question: 'How many of them wait longer than was promised?\nZero is right; the link says what to do.',
      unit: 'short',
      height: 8,
      width: 4,
      base: 'green',
      steps: [{ from: 1, colour: 'red' }],
      queries: [{ expr: highest('credit_manual_review_overdue'), legend: 'overdue' }]
    }),
    stat({
      title: 'Longest wait',
      question:
        'How long has the review waited that is due first?\nThe policy promises a day unless it says otherwise.',
      unit: 's',
      height: 8,
      width: 4,
      base: 'green',
      steps: [
        { from: 43_200, colour: 'yellow' },
        { from: 69_120, colour: 'red' }
      ],
      queries: [{ expr: highest('credit_manual_review_oldest_age_seconds'), legend: 'waits' }]
    }),
    ranking({
      title: 'Reviews finished',
      question: `What do people make of what is put before them?
In the time shown: what was decided before, and what the person did. Many approvals of what was referred for the same reason are a rule
too strict.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 6,
      queries: [
        {
          expr: howMany('credit_reviews_finished_total', { by: ['decision', 'action'], ...OF_PRODUCT }),
          legend: '{{decision}} → {{action}}'
        }
      ]
    }),
    ranking({
      title: 'Against the policy',
      question: `How often do people overrule the policy?
up approves what was declined, down declines what was approved in part. Each has its reason in the record.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 6,
      queries: [
        {
          expr: howMany('credit_manual_overrides_total', { by: ['direction'], ...OF_PRODUCT }),
          legend: '{{direction}}'
        }
      ]
    })
  ]
}

const candidates: Section = {
  title: 'What would another model or policy decide?',
  panels: [
    ranking({
      title: 'What a shadow model would have decided',
      question: `Who would change sides if the shadow model decided?
Each line is what was decided, then what the shadow says. bin/assay models swap-set tells it by segment.`,
      whenNone: 'No shadow model runs',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: howMany('credit_shadow_decisions_total', { by: ['decided', 'shadow'] }),
          legend: '{{decided}} → {{shadow}}'
        }
      ]
    }),
    ranking({
      title: 'What a candidate policy would have decided',
      question: `Who would change sides under the policy that is being tried?
Each line is what was decided, then what the candidate says. bin/assay policy shadow tells it by segment.`,
      whenNone: 'No candidate policy is tried',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: howMany('credit_policy_shadow_decisions_total', { by: ['decided', 'shadow'] }),
          legend: '{{decided}} → {{shadow}}'
        }
      ]
    }),
    timeSeries({
      title: 'Approved by each model version',
      question: `Do champion and challenger approve alike?
The share approved of the decisions that have the score of each version. A lasting gap is a reason to look at the swap set.`,
      unit: 'percentunit',
      width: 8,
      max: 1,
      queries: [
        {
          expr: `${perSecond('credit_model_decisions_total', { by: ['version'], where: { decision: 'APPROVE' } })} / ${perSecond('credit_model_decisions_total', { by: ['version'] })}`,
          legend: '{{version}}'
        }
      ]
    })
  ]
}

const now: Section = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Approved',
      question: 'Which share of applications is approved?\nThe line behind it is the time shown.',
      unit: 'percentunit',
      height: 7,
      width: 6,
      queries: [
        {
          expr: shareOf('credit_decisions_total', { decision: 'APPROVE' }, { product: PRODUCT, stage: 'FINAL' }),
          legend: 'approved'
        }
      ]
    }),
    timeSeries({
      title: 'Outcomes',
      question: 'How does the mix of outcomes move?\nThe same as on “decisions live”, to be read beside what is below.',
      unit: 'percentunit',
      height: 7,
      width: 18,
      stacked: true,
      max: 1,
      colours: OUTCOME_COLOURS,
      queries: [
        {
          expr: shareBy('credit_decisions_total', 'decision', { where: { product: PRODUCT, stage: 'FINAL' } }),
          legend: '{{decision}}'
        }
      ]
    })
  ]
}

export const risk = dashboard({
  uid: 'assay-risk',
  title: 'Assay: risk',
  description:
    'Who applies, what is granted at what price, which rules decide, and whether people and candidates agree.',
  tags: ['assay', 'risk'],
  sections: [now, applicants, granted, rules, people, candidates],
  from: 'now-6h',
  refresh: '1m'
})
