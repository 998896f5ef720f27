import { ERRORS } from '../../src/errors.ts'
import { OUTCOME_COLOURS, ZERO_IS_RIGHT } from './colours.ts'
import { dashboard, type Section } from './dashboard.ts'
import { faults, LATENCY_GOAL_SECONDS, speed } from './decisions-speed.ts'
import { ranking, stat, timeSeries } from './panels.ts'
import { highest, howMany, orZero, perSecond, quantile, recorded, shareBy, shareOf } from './promql.ts'

const MADE = { product: '$product', stage: 'FINAL' }
const OURS = Object.entries(ERRORS).flatMap(([code, { status }]) => (status >= 500 ? [code] : []))

/** Tiles that say from across the room whether to walk over. */
const now: Section = {
  title: 'Is all well now?',
  panels: [
    stat({
      title: 'Decisions per second',
      question: 'Is there traffic?\nNone at all at a busy hour is a fault, here or at a partner.',
      unit: 'reqps',
      width: 4,
      queries: [{ expr: perSecond('credit_decisions_total', { where: MADE }), legend: 'decisions' }]
    }),
    stat({
      title: 'Approved',
      question: 'Which share of applications is approved?\nThe number a partner asks for first.',
      unit: 'percentunit',
      width: 4,
      queries: [{ expr: shareOf('credit_decisions_total', { decision: 'APPROVE' }, MADE), legend: 'approved' }]
    }),
    stat({
      title: 'Decided without a person',
      question: `Which share of applications is approved or declined at once?
The rest waits for a person. A fall without a new policy is a fault: look at “Decided without a part”.`,
      unit: 'percentunit',
      width: 4,
      queries: [
        { expr: shareOf('credit_decisions_total', { decision: /APPROVE|DECLINE/ }, MADE), legend: 'straight through' }
      ]
    }),
    stat({
      title: 'Time to a decision, p99',
      question: 'Do 99 of 100 callers have their answer within 10 ms?\nYellow from half of it, red above it.',
      unit: 's',
      width: 4,
      base: 'green',
      steps: [
        { from: LATENCY_GOAL_SECONDS / 2, colour: 'yellow' },
        { from: LATENCY_GOAL_SECONDS, colour: 'red' }
      ],
      queries: [
        {
          expr: quantile(0.99, 'credit_decision_duration_seconds', { where: { product: '$product' } }),
          legend: 'p99'
        }
      ]
    }),
    stat({
      title: 'Failed by us',
      question: 'Do callers get errors that are our fault?\nZero is right. The kinds are under “Errors by kind”.',
      unit: 'reqps',
      width: 4,
      base: 'green',
      steps: [{ from: 0.001, colour: 'red' }],
      queries: [
        {
          expr: orZero(perSecond('credit_decision_errors_total', { where: { kind: new RegExp(OURS.join('|')) } })),
          legend: 'errors'
        }
      ]
    }),
    stat({
      title: 'Referred for want of a part',
      question: `Which share was decided with a part of ours missing?
Above 1 in 100 people wait for a decision because of us. The parts are under “Decided without a part”.`,
      unit: 'percentunit',
      width: 4,
      base: 'green',
      steps: [
        { from: 0.001, colour: 'yellow' },
        { from: 0.01, colour: 'red' }
      ],
      queries: [
        {
          expr: `${orZero(perSecond('credit_decision_fallback_total'))} / ${perSecond('credit_decisions_total', { where: { stage: 'FINAL' } })}`,
          legend: 'degraded'
        }
      ]
    })
  ]
}

const promises: Section = {
  title: 'Do we keep what we promise?',
  panels: [
    stat({
      title: 'Budget of missed decisions left, 30 days',
      question: `How much of what may go wrong in 30 days is left?
We promise 99.9 % of decisions. 100 % is a month without a fault, 0 % is the promise
broken, −100 % twice as much as that, or worse. Change nothing risky below a quarter.`,
      unit: 'percentunit',
      width: 6,
      base: 'red',
      steps: [
        { from: 0.000001, colour: 'yellow' },
        { from: 0.25, colour: 'green' }
      ],
      queries: [{ expr: `clamp_min(${recorded('assay:availability_budget_left:ratio30d')}, -1)`, legend: 'left' }]
    }),
    stat({
      title: 'Budget of slow decisions left, 30 days',
      question: `How much of what may be slow in 30 days is left?
We promise 99 % within 10 ms. Read it as the tile beside it.`,
      unit: 'percentunit',
      width: 6,
      base: 'red',
      steps: [
        { from: 0.000001, colour: 'yellow' },
        { from: 0.25, colour: 'green' }
      ],
      queries: [{ expr: `clamp_min(${recorded('assay:latency_budget_left:ratio30d')}, -1)`, legend: 'left' }]
    }),
    stat({
      title: 'Promises broken',
      question: `Was anybody approved without a score, refused without a reason, or offered above a cap or limit?
It must be zero, always. Anything else: stop what does it, the link says how.`,
      unit: 'short',
      width: 6,
      ...ZERO_IS_RIGHT,
      queries: [{ expr: orZero(howMany('credit_invariant_violations_total')), legend: 'broken' }]
    }),
    stat({
      title: 'Turned away',
      question: `Are applications refused because too many are in progress?
They were answered 429 or 503 at once and stored nothing. More than a moment of it: add a gateway.`,
      unit: 'reqps',
      width: 6,
      base: 'green',
      steps: [{ from: 0.001, colour: 'red' }],
      queries: [
        {
          expr: orZero(perSecond('credit_requests_shed_total', { where: { route: '/v1/decisions' } })),
          legend: 'turned away'
        }
      ]
    })
  ]
}

const outcomes: Section = {
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
        { expr: perSecond('credit_decisions_total', { by: ['decision'], where: MADE }), legend: '{{decision}}' }
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
      queries: [{ expr: shareBy('credit_decisions_total', 'decision', { where: MADE }), legend: '{{decision}}' }]
    }),
    timeSeries({
      title: 'Share approved beside a week ago',
      question: `Is the share approved that of the same hour a week ago?
Each point is the hour before it, all products together. Ten points apart for a quarter of an hour is an alert. The line of a week ago is
there once the service has run for a week.`,
      whenNone: 'No hour of decisions yet',
      unit: 'percentunit',
      width: 12,
      max: 1,
      colours: { now: 'green', 'a week ago': 'text' },
      queries: [
        { expr: recorded('assay:approval_share:rate1h'), legend: 'now' },
        { expr: recorded('assay:approval_share:rate1h', '1w'), legend: 'a week ago' }
      ]
    }),
    ranking({
      title: 'Top ten reasons',
      question: `Which reasons were given most in the time shown?
As applicants are told them, with the code and the outcome. Codes that start with SYS_ are faults of ours and never the applicant’s. All products together.`,
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `topk(10, ${howMany('credit_decision_reasons_total', { by: ['reason_code', 'decision'] })}) * on (reason_code) group_left (text) ${highest('credit_reason_info', { by: ['reason_code', 'text'] })}`,
          legend: '{{decision}} · {{reason_code}} {{text}}'
        }
      ]
    })
  ]
}

export const decisions = dashboard({
  uid: 'assay-decisions',
  title: 'Assay: decisions live',
  description: 'Whether applications are decided, how, how fast, and what goes wrong on the way.',
  tags: ['assay', 'decisions'],
  sections: [now, promises, outcomes, speed, faults]
})
