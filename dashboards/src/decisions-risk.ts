import type { Section } from './dashboard.ts'
import { heatMap, ranking, timeSeries } from './panels.ts'
import { distribution, howMany, perSecond, quantile, shareBy } from './promql.ts'

const PRODUCT = '$product'
/** A declined application is an answer, not a fault: red is kept for faults. */
export const OUTCOME_COLOURS = { APPROVE: 'green', REFER: 'yellow', DECLINE: 'purple' }

/** What a risk officer asks. */
export const outcomes: Section = {
  title: 'What is decided, and why?',
  panels: [
    timeSeries({
      title: 'Decisions per second by outcome',
      question: `How many applications are decided, and how?
A step without a new partner or campaign behind it is worth a call.`,
      unit: 'reqps',
      width: 12,
      stacked: true,
      colours: OUTCOME_COLOURS,
      queries: [
        {
          expr: perSecond('credit_decisions_total', {
            by: ['decision'],
            where: { product: PRODUCT, stage: 'FINAL' }
          }),
          legend: '{{decision}}'
        }
      ]
    }),
    timeSeries({
      title: 'Share approved, referred and declined',
      question: `Does the mix of outcomes hold?
It moves with the applicants, the policy or the model; a jump at the time of a deployment points at the last two.
A growing share of REFER with steady applicants is a fault: look at “Decided without a part”.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      colours: OUTCOME_COLOURS,
      queries: [
        {
          expr: shareBy('credit_decisions_total', 'decision', { where: { product: PRODUCT, stage: 'FINAL' } }),
          legend: '{{decision}}'
        }
      ]
    }),
    ranking({
      title: 'Top ten reasons',
      question: `Which reasons were given most in the time shown?
Codes that start with SYS_ are faults of ours and never the applicant’s. All products together.`,
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `topk(10, ${howMany('credit_decision_reasons_total', { by: ['reason_code', 'decision'] })})`,
          legend: '{{reason_code}} · {{decision}}'
        }
      ]
    }),
    timeSeries({
      title: 'Effective annual rate of offers',
      question: `What do the offers cost the borrower?
Half of the offers are below the median line, 95 in 100 below the upper one. Rates move with the bands and the price list.`,
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: quantile(0.5, 'credit_offer_apr_ratio', { by: ['product'], where: { product: PRODUCT } }),
          legend: '{{product}} median'
        },
        {
          expr: quantile(0.95, 'credit_offer_apr_ratio', { by: ['product'], where: { product: PRODUCT } }),
          legend: '{{product}} p95'
        }
      ]
    }),
    heatMap({
      title: 'Score points',
      question: `How good are the applicants, by score?
A band that wanders up or down means other applicants or another model; two bands mean two populations.`,
      unit: 'none',
      width: 12,
      queries: [{ expr: distribution('credit_score_points', { where: { product: PRODUCT } }), legend: '{{le}}' }]
    }),
    heatMap({
      title: 'Probability of default',
      question: `What risk does the model see?
The same picture as the score, in the model’s own terms: the share of such loans that goes bad. All products together.`,
      unit: 'percentunit',
      width: 12,
      queries: [{ expr: distribution('credit_pd_ratio'), legend: '{{le}}' }]
    })
  ]
}
