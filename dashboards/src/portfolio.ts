import { dashboard, type Section } from './dashboard.ts'
import { ranking, timeSeries } from './panels.ts'
import { howMany, perSecond } from './promql.ts'

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

export const portfolio = dashboard({
  uid: 'assay-portfolio',
  title: 'Assay: portfolio',
  description: 'How the loan book stands: what is owed, how much of it is late, and where it is heading.',
  tags: ['assay', 'portfolio'],
  sections: [flows],
  byProduct: false,
  from: 'now-24h',
  refresh: '1m'
})
