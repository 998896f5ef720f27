import { ERRORS } from '../../src/errors.ts'
import { dashboard, type Section } from './dashboard.ts'
import { behaviour, monitoring, processes } from './decisions-behind.ts'
import { outcomes } from './decisions-risk.ts'
import { faults, LATENCY_GOAL_SECONDS, speed } from './decisions-service.ts'
import { stat } from './panels.ts'
import { orZero, perSecond, quantile, total } from './promql.ts'

const MADE = { product: '$product', stage: 'FINAL' }
const OURS = Object.entries(ERRORS).flatMap(([code, { status }]) => (status >= 500 ? [code] : []))

/** Six tiles that say from across the room whether to walk over. */
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
      queries: [
        {
          expr: `${orZero(perSecond('credit_decisions_total', { where: { ...MADE, decision: 'APPROVE' } }))} / ${perSecond('credit_decisions_total', { where: MADE })}`,
          legend: 'approved'
        }
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
      title: 'Decided without a part',
      question: `Which share was referred because a part of ours was missing?
Above 1 in 100 applicants wait for people because of us.`,
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
    }),
    stat({
      title: 'In progress',
      question: 'How many requests are being worked on?\nIt is read at the moment of a scrape, so it jumps.',
      unit: 'none',
      width: 4,
      queries: [{ expr: total('credit_requests_in_flight'), legend: 'requests' }]
    })
  ]
}

export const decisions = dashboard({
  uid: 'assay-decisions',
  title: 'Assay: decisions live',
  description: 'Whether applications are decided, how, how fast, and what goes wrong on the way.',
  tags: ['assay', 'decisions'],
  sections: [now, outcomes, speed, faults, behaviour, monitoring, processes]
})
