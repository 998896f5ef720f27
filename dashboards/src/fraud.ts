import { OUTCOME_COLOURS } from './colours.ts'
import { dashboard, type Section } from './dashboard.ts'
import { heatMap, ranking, stat, timeSeries } from './panels.ts'
import { distribution, howMany, orZero, perSecond, recorded, shareBy } from './promql.ts'

const FRAUD_REASONS = /R50./
const FRAUD_STAGES = /fraud|fraudModel/
const MADE = { stage: 'FINAL' }

const now: Section = {
  title: 'Are we under attack?',
  panels: [
    stat({
      title: 'Look like fraud now',
      question: `Which share of applications is stopped for fraud?
R501 is an odd device or form, R502 a link to other people, R503 applying too often. A few in a hundred are usual.`,
      unit: 'percentunit',
      width: 6,
      base: 'green',
      steps: [
        { from: 0.05, colour: 'yellow' },
        { from: 0.2, colour: 'red' }
      ],
      queries: [
        {
          expr: `${orZero(perSecond('credit_decision_reasons_total', { where: { reason_code: FRAUD_REASONS } }))} / ${perSecond('credit_decisions_total', { where: MADE })}`,
          legend: 'fraud'
        }
      ]
    }),
    stat({
      title: 'Beside the hour before',
      question: `How many times as many as in the hour before?
1 is as before. From 5 on, and with twenty of them in five minutes, somebody is paged.`,
      whenNone: 'There is no hour before',
      unit: 'none',
      width: 6,
      base: 'green',
      steps: [
        { from: 2, colour: 'yellow' },
        { from: 5, colour: 'red' }
      ],
      queries: [
        {
          expr: `${recorded('assay:fraud_reasons:rate5m')} / (${recorded('assay:fraud_reasons:rate1h', '5m')} > 0)`,
          legend: 'times'
        }
      ]
    }),
    stat({
      title: 'Refused for fraud, in the time shown',
      question: 'How many applications were declined with a reason of fraud?\nWho was only referred is not in it.',
      unit: 'short',
      width: 6,
      queries: [
        {
          expr: orZero(
            howMany('credit_decision_reasons_total', { where: { reason_code: FRAUD_REASONS, decision: 'DECLINE' } })
          ),
          legend: 'declined'
        }
      ]
    }),
    stat({
      title: 'Sent to a person for fraud, in the time shown',
      question:
        'How many applications were referred with a reason of fraud?\nThey wait for a person: see the risk dashboard.',
      unit: 'short',
      width: 6,
      queries: [
        {
          expr: orZero(
            howMany('credit_decision_reasons_total', { where: { reason_code: FRAUD_REASONS, decision: 'REFER' } })
          ),
          legend: 'referred'
        }
      ]
    })
  ]
}

const signs: Section = {
  title: 'What gives it away?',
  panels: [
    timeSeries({
      title: 'Reasons of fraud',
      question: `When do applications look like fraud, and why?
R501 is an odd device or form, R502 a link to other people, R503 applying too often; the rules themselves are beside it. A wall that rises
within minutes is an attack; a step at a new policy is a rule.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [
        {
          expr: perSecond('credit_decision_reasons_total', {
            by: ['reason_code', 'decision'],
            where: { reason_code: FRAUD_REASONS }
          }),
          legend: '{{reason_code}} · {{decision}}'
        }
      ]
    }),
    ranking({
      title: 'Rules of fraud that hit',
      question: `Which rule caught them, in the time shown?
A velocity rule says what it counts: device.applicants_30d > 5 is more than five people on one device within thirty days.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `topk(10, ${howMany('credit_rule_hits_total', { by: ['stage', 'rule_id', 'action'], where: { stage: FRAUD_STAGES } })})`,
          legend: '{{rule_id}} → {{action}}'
        }
      ]
    }),
    heatMap({
      title: 'Probability of fraud',
      question: `What does the fraud model see?
Nearly all belong into the lowest row; the darker, the more. A second band above it is a group of applications of one kind. The model was trained
on simulated data.`,
      unit: 'percentunit',
      width: 12,
      queries: [{ expr: distribution('credit_pd_ratio', { where: { model: 'fraud' } }), legend: '{{le}}' }]
    }),
    timeSeries({
      title: 'What we do not know of devices, cards and addresses',
      question: `Do applications come without their traces?
The share of features without a value. Attackers leave out what betrays them; a partner whose form lost a field looks the same, on all its
applications at once.`,
      unit: 'percentunit',
      width: 12,
      max: 1,
      queries: [
        {
          expr: `${perSecond('credit_feature_missing_total', { by: ['feature_group'], where: { feature_group: /device|card|ip|phone/ } })} / ${perSecond('credit_feature_reads_total', { by: ['feature_group'] })}`,
          legend: '{{feature_group}}'
        }
      ]
    })
  ]
}

const behaviour: Section = {
  title: 'Who comes before they apply?',
  panels: [
    timeSeries({
      title: 'Logins and codes',
      question: `Are accounts being tried?
Failed logins and requested codes that rise while good logins do not are somebody who tries passwords or numbers.`,
      unit: 'cps',
      width: 12,
      queries: [
        {
          expr: perSecond('credit_events_total', { by: ['type'], where: { type: /auth[.].*/ } }),
          legend: '{{type}}'
        }
      ]
    }),
    timeSeries({
      title: 'Registrations, cards bound and profiles changed',
      question: `Are accounts being made or taken over?
Many new accounts or cards at an odd hour, or many changed profiles, come before applications in other people’s names.`,
      unit: 'cps',
      width: 12,
      queries: [
        {
          expr: perSecond('credit_events_total', {
            by: ['type'],
            where: { type: /account[.]registered|bankcard[.].*|profile[.]changed|device[.]snapshot/ }
          }),
          legend: '{{type}}'
        }
      ]
    }),
    timeSeries({
      title: 'Share approved while it lasts',
      question: `Does the attack get through?
The share of each outcome. Approvals that rise together with the reasons of fraud mean that some pass: stop the product or channel.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      colours: OUTCOME_COLOURS,
      queries: [{ expr: shareBy('credit_decisions_total', 'decision', { where: MADE }), legend: '{{decision}}' }]
    }),
    timeSeries({
      title: 'Confirmed frauds told to us',
      question: `What turned out to be fraud?
Labels that partners send after the fact; they are what rules and the model are measured by. None at all is a partner that does not tell.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      queries: [
        {
          expr: perSecond('credit_events_total', {
            by: ['type'],
            where: { type: /fraud[.]labelled|dispute[.]opened/ }
          }),
          legend: '{{type}}'
        }
      ]
    })
  ]
}

export const fraud = dashboard({
  uid: 'assay-fraud',
  title: 'Assay: fraud',
  description: 'Whether somebody attacks, what gives it away, and whether any of it gets through.',
  tags: ['assay', 'fraud'],
  sections: [now, signs, behaviour],
  byProduct: false
})
