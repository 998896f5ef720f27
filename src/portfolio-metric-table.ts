import type { Definition } from './metric-definition.ts'

const LEAD_DAYS_BUCKETS = [1, 3, 7, 14, 30, 60, 90, 180]

/** How the loan book stands; a part of METRICS. */
export const PORTFOLIO_METRICS = {
  credit_outstanding_principal: {
    type: 'gauge',
    help: 'Principal of running loans that is not paid, in whole units of the currency',
    labels: ['product', 'currency', 'bucket']
  },
  credit_disbursed_principal: {
    type: 'gauge',
    help: 'Principal that was paid out, of all loans of the book, in whole units of the currency',
    labels: ['product', 'currency']
  },
  credit_repaid_principal: {
    type: 'gauge',
    help: 'Of that, what came back: neither owed nor given up',
    labels: ['product', 'currency']
  },
  credit_stage_principal: {
    type: 'gauge',
    help: 'The same by stage of IFRS 9',
    labels: ['product', 'currency', 'stage']
  },
  credit_expected_loss: {
    type: 'gauge',
    help: 'Expected loss of running loans, in whole units of the currency',
    labels: ['product', 'currency', 'stage']
  },
  credit_loans: { type: 'gauge', help: 'Loans of the book', labels: ['product', 'state'] },
  credit_early_warnings: {
    type: 'gauge',
    help: 'Early warnings of running loans that are in force',
    labels: ['level']
  },
  credit_early_warnings_total: { type: 'counter', help: 'Early warnings raised', labels: ['level', 'rule'] },
  credit_early_warning_outcomes_total: {
    type: 'counter',
    help: 'Loans whose outcome is known, by whether they had been warned at a level or above',
    labels: ['level', 'result']
  },
  credit_early_warning_lead_days: {
    type: 'histogram',
    help: 'From the first warning at a level or above to the first day past due, of loans that went bad',
    labels: ['level'],
    buckets: LEAD_DAYS_BUCKETS
  },
  credit_loan_promises: { type: 'gauge', help: 'Promises to pay', labels: ['state'] },
  credit_roll_rate_ratio: {
    type: 'gauge',
    help: 'Of the balance in a bucket when the last full month began: the share that was in a place when it ended',
    labels: ['product', 'from', 'to']
  },
  credit_vintage_overdue_ratio: {
    type: 'gauge',
    help: 'Of what was paid out in a month: the share that was ever so late, so many months later',
    labels: ['product', 'vintage', 'mob', 'def']
  },
  credit_loan_book_read_timestamp_seconds: { type: 'gauge', help: 'When the loan book was last read', labels: [] }
} as const satisfies Record<string, Definition>
