import type { Section } from './dashboard.ts'
import { ranking, table, timeSeries } from './panels.ts'
import { highest, howMany } from './promql.ts'

const PRODUCT = { product: '$product' } as const

/** What the portfolio guard watches, sees and holds back. */
export const limits: Section = {
  title: 'Is the portfolio within its limits?',
  panels: [
    table({
      title: 'Limits of the portfolio',
      question: `Which rules of the portfolio guard are near their limits, or past them?
Amber is told, red acts: lending is tightened or paused until two people release it. bin/assay guard status has the values.`,
      unit: 'none',
      width: 12,
      value: 'now',
      words: {
        '0': { text: 'within', colour: 'green' },
        '1': { text: 'amber', colour: 'yellow' },
        '2': { text: 'red', colour: 'red' }
      },
      whenNone: 'Too few decisions and loans to judge anything yet',
      queries: [
        {
          expr: `sort_desc(${highest('credit_guard_level', { by: ['rule_id', 'product'], where: PRODUCT })})`,
          legend: ''
        }
      ]
    }),
    timeSeries({
      title: 'What the guard holds back',
      question: `How many restrictions are in force?
Two people release one: bin/assay guard release.`,
      unit: 'short',
      width: 6,
      colours: { pause: 'red', tighten: 'orange' },
      queries: [{ expr: highest('credit_guard_restrictions', { by: ['kind'] }), legend: '{{kind}}' }]
    }),
    timeSeries({
      title: 'What the guard cannot read',
      question: `How often did a look find its figures missing?
Nothing is done about what cannot be read: anything above 0 is to be mended.`,
      unit: 'short',
      width: 6,
      queries: [{ expr: howMany('credit_guard_unread_total', { by: ['source'] }), legend: '{{source}}' }]
    }),
    ranking({
      title: 'First payments missed',
      question: `Do the newest loans pay their first instalment?
The share of loans of the newest four weeks that had not paid 30 days after their first due date: the earliest sign of fraud or of a policy
too loose. Above 3 % the guard acts.`,
      unit: 'percentunit',
      width: 12,
      base: 'green',
      steps: [
        { from: 0.02, colour: 'yellow' },
        { from: 0.03, colour: 'red' }
      ],
      whenNone: 'No loan had thirty days since its first due date',
      queries: [
        {
          expr: highest('credit_first_payment_default_ratio', { by: ['product', 'days'], where: PRODUCT }),
          legend: '{{product}}, {{days}} days'
        }
      ]
    }),
    ranking({
      title: 'What the guard sees',
      question: `What does each rule of the guard measure now?
As shares; a rule named rise tells by how much of it something is above what was before, and 100 % is twice as much. From where a
rule acts is in policies/guard.json (docs/portfolio-guard.md). Of several partners the worst.`,
      unit: 'percentunit',
      width: 12,
      whenNone: 'Too few decisions and loans to judge anything yet',
      queries: [
        {
          expr: `topk(12, ${highest('credit_guard_value_ratio', { by: ['rule_id', 'product'], where: PRODUCT })})`,
          legend: '{{rule_id}} · {{product}}'
        }
      ]
    })
  ]
}
