import { dashboard, type Section } from './dashboard.ts'
import { ranking, timeSeries } from './panels.ts'
import { highest, howMany, perSecond } from './promql.ts'

const flows: Section = {
  title: 'What comes in and goes out?',
  panels: [
    timeSeries({
      title: 'Loans paid out, closed and given up',
      question: `How does the book grow, and how does it end?
closed is repaid. written_off is given up: one follows months after the trouble, so look at the buckets first.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      colours: {
        'loan.disbursed': 'blue',
        'loan.closed': 'green',
        'loan.written_off': 'red',
        'loan.recovered': 'yellow',
        'loan.restructured': 'orange'
      },
      queries: [
        {
          expr: perSecond('credit_events_total', {
            by: ['type'],
            where: { type: /loan[.](disbursed|closed|written_off|recovered|restructured)/, outcome: 'appended' }
          }),
          legend: '{{type}}'
        }
      ]
    }),
    ranking({
      title: 'What became of decided loans',
      question: `How do the outcomes that partners post come out?
In the time shown. counted is new, repeated and replaced change nothing twice; unknown_decision is worth a call.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 12,
      queries: [{ expr: howMany('credit_outcomes_total', { by: ['result'] }), legend: '{{result}}' }]
    })
  ]
}

const limits: Section = {
  title: 'Is the portfolio within its limits?',
  panels: [
    timeSeries({
      title: 'Limits of the portfolio',
      question: `How near is each rule of the portfolio guard to its limits?
0 is within, 1 amber, 2 red: then lending is tightened or paused. bin/assay guard status has the values.`,
      unit: 'short',
      width: 12,
      max: 2,
      queries: [
        { expr: highest('credit_guard_level', { by: ['rule_id', 'product'] }), legend: '{{rule_id}} · {{product}}' }
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
    })
  ]
}

export const portfolio = dashboard({
  uid: 'assay-portfolio',
  title: 'Assay: portfolio',
  description: 'How the loan book stands: what is owed, how much of it is late, and where it is heading.',
  tags: ['assay', 'portfolio'],
  sections: [limits, flows],
  byProduct: false,
  from: 'now-24h',
  refresh: '1m'
})
