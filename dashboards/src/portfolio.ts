import { dashboard, type Section } from './dashboard.ts'
import { ranking, stat, table, timeSeries } from './panels.ts'
import { limits } from './portfolio-limits.ts'
import { highest, howMany, perSecond } from './promql.ts'

const PRODUCT = { product: '$product' } as const
/** The redder, the later. */
const BUCKET_COLOURS = {
  M0: 'green',
  M1: 'yellow',
  M2: 'light-orange',
  M3: 'orange',
  M4: 'dark-orange',
  M5: 'light-red',
  M6: 'red',
  'M6+': 'dark-red'
}
const STAGE_COLOURS = { 'stage 1': 'green', 'stage 2': 'yellow', 'stage 3': 'red' }
const byStage = (name: 'credit_stage_principal' | 'credit_expected_loss') =>
  `sum by (stage) (${highest(name, { by: ['product', 'currency', 'stage'], where: PRODUCT })})`
const OVER_90 = /M4|M5|M6|M6[+]/

const owed = (where: { readonly bucket?: RegExp } = {}) =>
  highest('credit_outstanding_principal', { by: ['product', 'currency', 'bucket'], where: { ...PRODUCT, ...where } })

/** From each bucket to those behind it. */
const BECAME_LATER = [
  [/M0/, /M[1-6].?|written_off/],
  [/M1/, /M[2-6].?|written_off/],
  [/M2/, /M[3-6].?|written_off/],
  [/M3/, /M[4-6].?|written_off/]
]
  .map(([from, to]) =>
    highest('credit_roll_rate_ratio', {
      by: ['product', 'from', 'to'],
      where: { ...PRODUCT, from: from as RegExp, to: to as RegExp }
    })
  )
  .join(' or ')

const now: Section = {
  title: 'How does the book stand?',
  panels: [
    stat({
      title: 'Running loans',
      question: 'How many loans run?\nActive and restructured ones.',
      unit: 'short',
      width: 4,
      queries: [
        {
          expr: `sum(${highest('credit_loans', { by: ['product', 'state'], where: { ...PRODUCT, state: /active|restructured/ } })})`,
          legend: 'loans'
        }
      ],
      whenNone: 'No loan was paid out yet'
    }),
    stat({
      title: 'Principal owed',
      question: 'How much principal is out?\nOf running loans, in whole units of each currency.',
      unit: 'short',
      width: 4,
      queries: [{ expr: `sum by (currency) (${owed()})`, legend: '{{currency}}' }],
      whenNone: 'No loan was paid out yet'
    }),
    stat({
      title: 'Paid out and paid back',
      question:
        'How much was ever paid out, and how much of it came back?\nThe rest is owed or was given up. In whole units of each currency.',
      unit: 'short',
      width: 4,
      queries: [
        {
          expr: `sum by (currency) (${highest('credit_disbursed_principal', { by: ['product', 'currency'], where: PRODUCT })})`,
          legend: 'out, {{currency}}'
        },
        {
          expr: `sum by (currency) (${highest('credit_repaid_principal', { by: ['product', 'currency'], where: PRODUCT })})`,
          legend: 'back, {{currency}}'
        }
      ],
      whenNone: 'No loan was paid out yet'
    }),
    stat({
      title: 'Not paid in time',
      question: `Which share of the principal is of loans that are past due?
By a day or more. A few per cent are usual shortly after due dates.`,
      unit: 'percentunit',
      width: 4,
      base: 'green',
      steps: [
        { from: 0.05, colour: 'yellow' },
        { from: 0.15, colour: 'red' }
      ],
      queries: [{ expr: `(sum(${owed({ bucket: /M[1-6].?/ })}) or vector(0)) / (sum(${owed()}) > 0)`, legend: 'late' }],
      whenNone: 'Nothing is owed'
    }),
    stat({
      title: 'More than 90 days late',
      question: `Which share of the principal is lost in all likelihood?
The industry reports 1.5 %; from 3 % on lending must be held back.`,
      unit: 'percentunit',
      width: 4,
      base: 'green',
      steps: [
        { from: 0.015, colour: 'yellow' },
        { from: 0.03, colour: 'red' }
      ],
      queries: [
        { expr: `(sum(${owed({ bucket: OVER_90 })}) or vector(0)) / (sum(${owed()}) > 0)`, legend: 'over 90 days' }
      ],
      whenNone: 'Nothing is owed'
    }),
    stat({
      title: 'The book was read',
      question: `How old are the figures of this dashboard?
The book is read whole every ten seconds, a large one less often. Minutes are fine; hours mean that the monitor cannot read it.`,
      unit: 's',
      width: 4,
      base: 'green',
      steps: [{ from: 7200, colour: 'red' }],
      queries: [{ expr: `time() - ${highest('credit_loan_book_read_timestamp_seconds')}`, legend: 'ago' }]
    })
  ]
}

const late: Section = {
  title: 'How much is late, and does it get worse?',
  panels: [
    timeSeries({
      title: 'Principal by bucket',
      question: `How late is what is owed?
M0 is in time, M1 1 to 30 days late, M2 31 to 60 and so on; M6+ more than 180. A colour that wanders upwards is trouble on its way. Currencies are
added up as they are: choose products of one.`,
      unit: 'short',
      width: 12,
      stacked: true,
      colours: BUCKET_COLOURS,
      queries: [{ expr: `sum by (bucket) (${owed()})`, legend: '{{bucket}}' }],
      whenNone: 'Nothing is owed'
    }),
    timeSeries({
      title: 'Share by bucket',
      question: `Does the part that is late grow faster than the book?
The same as shares. A growing book hides trouble: this picture does not.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      colours: BUCKET_COLOURS,
      queries: [
        {
          expr: `sum by (bucket) (${owed()}) / ignoring (bucket) group_left () (sum(${owed()}) > 0)`,
          legend: '{{bucket}}'
        }
      ],
      whenNone: 'Nothing is owed'
    }),
    ranking({
      title: 'Where the month’s balances went',
      question: `Of what stood in a bucket when the last full month began, which share became later?
Only moves to a worse place. From M1 to M2 more than half is usual; from M0 to M1 more than a tenth is trouble.`,
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `topk(10, (${BECAME_LATER}) > 0)`,
          legend: '{{product}}: {{from}} → {{to}}'
        }
      ],
      whenNone: 'No balance became later within the last full month'
    }),
    timeSeries({
      title: 'Principal by stage of IFRS 9',
      question: `For how much must losses of the whole life be expected?
Stage 1 is as it was when it was granted, stage 2 has become much riskier, stage 3 has defaulted. It moves the provisions before the losses.`,
      unit: 'short',
      width: 6,
      stacked: true,
      colours: STAGE_COLOURS,
      queries: [{ expr: byStage('credit_stage_principal'), legend: 'stage {{stage}}' }],
      whenNone: 'Nothing is owed'
    }),
    timeSeries({
      title: 'Expected loss by stage',
      question: `How much of it will be lost?
Twelve months in stage 1, the whole life in 2 and 3; by assumptions that a lender replaces with what it has measured (docs/monitoring.md).`,
      unit: 'short',
      width: 6,
      stacked: true,
      colours: STAGE_COLOURS,
      queries: [{ expr: byStage('credit_expected_loss'), legend: 'stage {{stage}}' }],
      whenNone: 'Nothing is owed'
    })
  ]
}

const vintages: Section = {
  title: 'Are the newest loans worse than those before?',
  panels: [
    table({
      title: 'Vintages, more than 30 days late after three months',
      question: `Which months went bad?
Of what was paid out in a month, the share that was ever more than 30 days late by its third month on the book. Compare months with each other: a
step is a policy, a partner or an attack.`,
      unit: 'percentunit',
      width: 12,
      value: 'ever 30 days late',
      hidden: ['mob', 'def'],
      queries: [
        {
          expr: `sort_desc(${highest('credit_vintage_overdue_ratio', { by: ['vintage', 'product'], where: { ...PRODUCT, mob: '3', def: '30plus' } })})`,
          legend: ''
        }
      ],
      whenNone: 'No month’s loans are three months old yet'
    }),
    ranking({
      title: 'Vintages, more than 90 days late so far',
      question: `Which months’ loans are lost by now?
Of what was paid out in a month, the share that was ever more than 90 days late, over the months it had. Older months had more time.`,
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `sort_desc(max by (vintage) (${highest('credit_vintage_overdue_ratio', { by: ['vintage', 'mob', 'product'], where: { ...PRODUCT, def: '90plus' } })}))`,
          legend: '{{vintage}}'
        }
      ],
      whenNone: 'No full month of loans yet'
    })
  ]
}

function warned(results: string): string {
  const where = { result: new RegExp(results) }
  return howMany('credit_early_warning_outcomes_total', { by: ['level'], where })
}

const signs: Section = {
  title: 'What announces itself?',
  panels: [
    timeSeries({
      title: 'Early warnings raised',
      question: `Which signs of trouble come up, and how many?
A rule that suddenly raises many was changed, or something happened to many borrowers at once.`,
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: howMany('credit_early_warnings_total', { by: ['level', 'rule'] }),
          legend: '{{level}} · {{rule}}'
        }
      ]
    }),
    timeSeries({
      title: 'How right early warnings are',
      question: `Of loans that were warned and are over, how many went bad? Of those that went bad, how many had been warned?
In the time shown: choose a month or more. Warned means before the first day past due. docs/early-warnings.md has what to expect.`,
      unit: 'percentunit',
      width: 12,
      max: 1,
      queries: [
        { expr: `${warned('hit')} / ${warned('hit|false_alarm')}`, legend: 'right · {{level}}' },
        { expr: `${warned('hit')} / ${warned('hit|miss')}`, legend: 'found · {{level}}' }
      ]
    }),
    stat({
      title: 'Early warnings in force',
      question: `How many running loans show signs of trouble?
yellow is watched, orange lowers the limit, red freezes it: docs/early-warnings.md.`,
      unit: 'short',
      width: 8,
      height: 8,
      queries: [{ expr: highest('credit_early_warnings', { by: ['level'] }), legend: '{{level}}' }]
    }),
    stat({
      title: 'Promises to pay',
      question: 'Do borrowers keep what they promise?\nOf all loans of the book; open ones are not due yet.',
      unit: 'short',
      width: 8,
      height: 8,
      queries: [{ expr: highest('credit_loan_promises', { by: ['state'] }), legend: '{{state}}' }]
    }),
    ranking({
      title: 'Limits reviewed',
      question: `What did reviews do to limits in the time shown?
keep is the usual answer; many freezes are trouble that somebody should know of.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: howMany('credit_limit_reviews_total', { by: ['action'] }), legend: '{{action}}' }],
      whenNone: 'None in the time shown'
    })
  ]
}

const flows: Section = {
  title: 'What comes in and goes out?',
  panels: [
    timeSeries({
      title: 'Loans paid out, closed and given up',
      question: `How does the book grow, and how does it end?
closed is repaid. written_off is given up: it follows months after the trouble, so look at the buckets first.`,
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
      ],
      whenNone: 'None in the time shown'
    }),
    ranking({
      title: 'Loans by state',
      question: `What became of all loans?
closed is repaid, written_off given up, recovered given up and then paid after all.`,
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `sum by (state) (${highest('credit_loans', { by: ['product', 'state'], where: PRODUCT })})`,
          legend: '{{state}}'
        }
      ],
      whenNone: 'No loan was paid out yet'
    })
  ]
}

export const portfolio = dashboard({
  uid: 'assay-portfolio',
  title: 'Assay: portfolio',
  description: 'How the loan book stands: what is owed, how much of it is late, and where it is heading.',
  tags: ['assay', 'portfolio'],
  sections: [now, limits, late, vintages, signs, flows],
  from: 'now-24h',
  refresh: '1m'
})
