import { dashboard, type Section } from './dashboard.ts'
import { lineup } from './model-lineup.ts'
import { ranking, stat, timeSeries } from './panels.ts'
import { highest, howMany, recorded, shareBy, total } from './promql.ts'

/** From where an index above the noise is looked at, and from where it is acted on (domain reference, section 5). */
const LOOK = 0.1
const ACT = 0.25
const OF_MODEL = ['model', 'version'] as const
const OF_FEATURE = ['model', 'version', 'feature'] as const

const score: Section = {
  title: 'Are applicants still those the model was trained on?',
  panels: [
    stat({
      title: 'Score PSI above the noise, last hour',
      question: `Did the score jump?
The fraud model was trained on simulated data: its drift says that the world differs from the simulator.
Yellow from 0.1: look at the inputs below. Red from 0.25: do not trust the score until you know why. No number: fewer than
1000 decisions in the hour.`,
      whenNone: 'Fewer than 1000 decisions: too few to say',
      unit: 'none',
      width: 8,
      base: 'green',
      steps: [
        { from: LOOK, colour: 'yellow' },
        { from: ACT, colour: 'red' }
      ],
      queries: [
        {
          expr: highest('credit_score_psi_excess', { by: OF_MODEL, where: { window: '1h' } }),
          legend: '{{model}} {{version}}'
        }
      ]
    }),
    stat({
      title: 'Score PSI of all gateways, last day',
      question: `How far are scores from those of the training part, over all gateways?
From the counters of all processes; the noise is not taken off, so it says something from a thousand decisions on.`,
      unit: 'none',
      width: 8,
      base: 'green',
      steps: [
        { from: LOOK, colour: 'yellow' },
        { from: ACT, colour: 'red' }
      ],
      queries: [{ expr: recorded('assay:score_psi:all1d'), legend: '{{model}} {{version}}' }]
    }),
    stat({
      title: 'Decisions measured, last day',
      question: `How many decisions is drift measured over?
Each process has its own; below 1000 it says nothing.`,
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: total('credit_drift_decisions', { by: OF_MODEL, where: { window: '24h' } }),
          legend: '{{model}} {{version}}'
        }
      ]
    }),
    timeSeries({
      title: 'Score PSI above the noise',
      question: `Does the score drift?
The hour shows a jump, the day a slow move. What a small sample shows by chance is taken off already.`,
      whenNone: 'Fewer than 1000 decisions: too few to say',
      unit: 'none',
      width: 12,
      limit: ACT,
      queries: [
        {
          expr: `clamp_min(${highest('credit_score_psi_excess', { by: [...OF_MODEL, 'window'] })}, 0)`,
          legend: '{{model}} {{version}} {{window}}'
        }
      ]
    }),
    timeSeries({
      title: 'Where scores fall',
      question: `Which part of the scores moves?
Each bin held a like share of the training part; bin 0 has the lowest probabilities of default.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      queries: [
        {
          expr: shareBy('credit_drift_values_total', 'bin', { where: { model: 'credit', feature: 'score' } }),
          legend: '{{bin}}'
        }
      ]
    })
  ]
}

const missing = highest('credit_feature_missing_ratio', { by: OF_FEATURE })
const missingInTraining = highest('credit_drift_expected_ratio', { by: OF_FEATURE, where: { bin: 'missing' } })

const features: Section = {
  title: 'Which inputs have changed?',
  panels: [
    timeSeries({
      title: 'Input PSI above the noise, the ten largest',
      question: `Which inputs drift?
One alone is usually a source that changed; many at once are other applicants.`,
      whenNone: 'Fewer than 1000 decisions: too few to say',
      unit: 'none',
      width: 12,
      limit: ACT,
      queries: [
        {
          expr: `topk(10, ${highest('credit_feature_psi_excess', { by: OF_FEATURE })})`,
          legend: '{{feature}} · {{model}} {{version}}'
        }
      ]
    }),
    timeSeries({
      title: 'Missing more often than in training, the ten largest',
      question: `Does a source no longer tell?
What is missing now less what was missing in the training part. A step up is a producer or a bureau that stopped.`,
      whenNone: 'Fewer than 1000 decisions: too few to say',
      unit: 'percentunit',
      width: 12,
      queries: [{ expr: `topk(10, ${missing} - ${missingInTraining})`, legend: '{{feature}} · {{model}} {{version}}' }]
    })
  ]
}

const quality: Section = {
  title: 'Was the model right?',
  panels: [
    timeSeries({
      title: 'Observed bad by expected',
      question: `Are probabilities of default what they say?
1 is right. Above 1.25 the model is too kind and prices are too low, below 0.8 good applicants are turned away. No line below
100 good and 100 bad outcomes.`,
      whenNone: 'Fewer than 100 good and 100 bad outcomes: too few to say',
      unit: 'none',
      width: 12,
      limit: 1.25,
      queries: [
        {
          expr: highest('credit_model_observed_expected_ratio', { by: OF_MODEL }),
          legend: '{{model}} {{version}}'
        }
      ]
    }),
    timeSeries({
      title: 'KS and AUC',
      question: `Does the model still tell bad from good?
Compare with its card, where the numbers are of all applicants: among those that were approved both are lower.`,
      whenNone: 'Fewer than 100 good and 100 bad outcomes: too few to say',
      unit: 'none',
      width: 12,
      max: 1,
      queries: [
        { expr: highest('credit_model_auc', { by: OF_MODEL }), legend: 'AUC {{model}} {{version}}' },
        { expr: highest('credit_model_ks', { by: OF_MODEL }), legend: 'KS {{model}} {{version}}' }
      ]
    }),
    timeSeries({
      title: 'Brier score',
      question: `How far are probabilities from what became of the loans?
Lower is better; it moves with the share of bad ones, so compare models over the same loans only.`,
      whenNone: 'Fewer than 100 good and 100 bad outcomes: too few to say',
      unit: 'none',
      width: 8,
      queries: [{ expr: highest('credit_model_brier', { by: OF_MODEL }), legend: '{{model}} {{version}}' }]
    }),
    timeSeries({
      title: 'Decisions with a known outcome',
      question: `How much do these numbers rest on?
It grows as loans are paid back or not; one that stands still is a partner that no longer posts outcomes.`,
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: highest('credit_model_outcomes', { by: [...OF_MODEL, 'outcome'] }),
          legend: '{{outcome}} · {{model}} {{version}}'
        }
      ]
    }),
    ranking({
      title: 'Outcomes received',
      question: `What became of the outcomes that were posted in the time shown?
unknown_decision and conflict are worth a call to the partner.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 8,
      queries: [{ expr: howMany('credit_outcomes_total', { by: ['result'] }), legend: '{{result}}' }]
    })
  ]
}

export const modelHealth = dashboard({
  uid: 'assay-model-health',
  title: 'Assay: model health',
  description:
    'Whether applicants are still those the models were trained on, and whether the models were right. The fraud model was trained on simulated data.',
  tags: ['assay', 'models'],
  sections: [score, features, quality, lineup],
  byProduct: false,
  from: 'now-24h',
  refresh: '1m'
})
