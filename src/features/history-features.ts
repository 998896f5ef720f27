import { DAY_MS, type EventFeature, type FeatureDefinition } from './definition.ts'
import { AMOUNT_RANGE, COUNT_RANGE, DAYS_RANGE, LAG_RANGE, LIFETIME, MISSING, SHARE_RANGE } from './ranges.ts'

type Own = Omit<EventFeature, 'source' | 'entity' | 'legal'> & { readonly legal?: EventFeature['legal'] }

/** A feature of the applicant’s own events. */
const own = (feature: Own): EventFeature => ({
  source: 'events',
  entity: 'applicant',
  legal: ['financial'],
  ...feature
})

/** One aggregate of the applicant’s own loans and repayments; days where the field is a time. */
function history(
  name: string,
  event: EventFeature['events'][number],
  aggregation: EventFeature['aggregation'],
  windowDays: number | null,
  meaning: string
): EventFeature {
  const [unit, range, whenNone] = shapeOf(aggregation)
  const windowMs = windowDays === null ? LIFETIME : windowDays * DAY_MS
  return own({ name: `applicant.${name}`, events: [event], aggregation, windowMs, whenNone, unit, range, meaning })
}

function shapeOf(aggregation: EventFeature['aggregation']): [EventFeature['unit'], EventFeature['range'], number] {
  switch (aggregation.of) {
    case 'count':
    case 'distinct':
      return ['count', COUNT_RANGE, 0]
    case 'share':
      return ['ratio', SHARE_RANGE, MISSING]
    case 'ageOfFirst':
    case 'ageOfLast':
      return ['days', DAYS_RANGE, MISSING]
    default:
      return aggregation.field === 'amountMinor'
        ? ['minor', AMOUNT_RANGE, MISSING]
        : ['days', aggregation.field === 'lagMs' ? LAG_RANGE : DAYS_RANGE, MISSING]
  }
}

/** The applicant’s own loans and repayments. */
export const HISTORY_FEATURES: readonly FeatureDefinition[] = [
  history('loans_lifetime', 'loan.disbursed', { of: 'count' }, null, 'Loans paid out'),
  history('loans_90d', 'loan.disbursed', { of: 'count' }, 90, 'Loans paid out within 90 days'),
  history(
    'principal_last',
    'loan.disbursed',
    { of: 'last', field: 'amountMinor' },
    null,
    'Principal of the newest loan'
  ),
  history('principal_mean', 'loan.disbursed', { of: 'mean', field: 'amountMinor' }, null, 'Mean principal'),
  history('principal_max', 'loan.disbursed', { of: 'max', field: 'amountMinor' }, null, 'Largest principal'),
  history('term_last_days', 'loan.disbursed', { of: 'last', field: 'termDays' }, null, 'Term of the newest loan'),
  history('term_mean_days', 'loan.disbursed', { of: 'mean', field: 'termDays' }, null, 'Mean term'),
  history('term_mean_180d_days', 'loan.disbursed', { of: 'mean', field: 'termDays' }, 180, 'Mean term within 180 days'),
  history('since_first_loan_days', 'loan.disbursed', { of: 'ageOfFirst' }, null, 'Time since the first loan'),
  history('since_last_loan_days', 'loan.disbursed', { of: 'ageOfLast' }, null, 'Time since the newest loan'),
  history('closed_lifetime', 'loan.closed', { of: 'count' }, null, 'Loans closed'),
  history('since_last_close_days', 'loan.closed', { of: 'ageOfLast' }, null, 'Time since a loan was closed'),
  history('since_first_close_days', 'loan.closed', { of: 'ageOfFirst' }, null, 'Time since the first loan was closed'),
  history(
    'closed_term_sum_days',
    'loan.closed',
    { of: 'sum', field: 'termDays' },
    null,
    'Terms of closed loans, added up'
  ),
  history(
    'closed_term_sum_180d_days',
    'loan.closed',
    { of: 'sum', field: 'termDays' },
    180,
    'The same within 180 days'
  ),
  history(
    'close_lag_last_days',
    'loan.closed',
    { of: 'last', field: 'lagMs' },
    null,
    'Last close after the contract’s end'
  ),
  history(
    'close_lag_mean_days',
    'loan.closed',
    { of: 'mean', field: 'lagMs' },
    null,
    'Mean close after the contract’s end'
  ),
  history('close_lag_max_90d_days', 'loan.closed', { of: 'max', field: 'lagMs' }, 90, 'Latest close within 90 days'),
  history('close_lag_max_180d_days', 'loan.closed', { of: 'max', field: 'lagMs' }, 180, 'Latest close within 180 days'),
  history('close_lag_max_days', 'loan.closed', { of: 'max', field: 'lagMs' }, null, 'Latest close ever'),
  history('close_lag_min_days', 'loan.closed', { of: 'min', field: 'lagMs' }, null, 'Earliest close ever'),
  history('loan_duration_mean_days', 'loan.closed', { of: 'mean', field: 'durationMs' }, null, 'Mean life of a loan'),
  history('repayments_lifetime', 'repayment.received', { of: 'count' }, null, 'Repayments received'),
  history(
    'repayment_lag_last_days',
    'repayment.received',
    { of: 'last', field: 'lagMs' },
    null,
    'Last repayment after its due date'
  ),
  history(
    'repayment_lag_mean_60d_days',
    'repayment.received',
    { of: 'mean', field: 'lagMs' },
    60,
    'Mean delay within 60 days'
  ),
  history(
    'repayment_lag_mean_90d_days',
    'repayment.received',
    { of: 'mean', field: 'lagMs' },
    90,
    'Mean delay within 90 days'
  ),
  history('repayment_lag_mean_days', 'repayment.received', { of: 'mean', field: 'lagMs' }, null, 'Mean delay'),
  history(
    'repayment_lag_max_180d_days',
    'repayment.received',
    { of: 'max', field: 'lagMs' },
    180,
    'Longest delay within 180 days'
  ),
  history('repayment_lag_max_days', 'repayment.received', { of: 'max', field: 'lagMs' }, null, 'Longest delay ever'),
  history(
    'repayments_late_1d_share_90d',
    'repayment.received',
    lateBy(1),
    90,
    'Share more than a day late within 90 days'
  ),
  history(
    'repayments_late_1d_share_180d',
    'repayment.received',
    lateBy(1),
    180,
    'Share more than a day late within 180 days'
  ),
  history(
    'repayments_late_7d_share_90d',
    'repayment.received',
    lateBy(7),
    90,
    'Share more than a week late within 90 days'
  ),
  history('repayment_failures_90d', 'repayment.failed', { of: 'count' }, 90, 'Failed debits within 90 days'),
  history('logins_24h', 'auth.login', { of: 'count' }, 1, 'Logins within 24 hours'),
  history('profile_changes_30d', 'profile.changed', { of: 'count' }, 30, 'Edits of the profile within 30 days')
]

function lateBy(days: number): EventFeature['aggregation'] {
  return { of: 'share', when: { field: 'lagMs', above: days * DAY_MS } }
}

/** One feature divided by an earlier one. */
function ratio(name: string, of: string, to: string, meaning: string): FeatureDefinition {
  return {
    name: `applicant.${name}`,
    source: 'ratio',
    of,
    to,
    unit: 'ratio',
    range: [0, 100_000],
    legal: ['financial'],
    meaning
  }
}

/** This application beside what came before. */
export const RATIO_FEATURES: readonly FeatureDefinition[] = [
  ratio(
    'amount_to_principal_last',
    'application.amount_minor',
    'applicant.principal_last',
    'Amount asked for by the newest loan'
  ),
  ratio(
    'amount_to_principal_max',
    'application.amount_minor',
    'applicant.principal_max',
    'Amount asked for by the largest loan'
  ),
  ratio(
    'amount_to_principal_mean',
    'application.amount_minor',
    'applicant.principal_mean',
    'Amount asked for by the mean loan'
  ),
  ratio('term_to_term_mean', 'application.term_days', 'applicant.term_mean_days', 'Term asked for by the mean term'),
  ratio('term_to_term_mean_180d', 'application.term_days', 'applicant.term_mean_180d_days', 'The same within 180 days'),
  ratio(
    'days_a_loan',
    'applicant.since_first_loan_days',
    'applicant.loans_lifetime',
    'Days as a borrower for each loan'
  ),
  ratio(
    'since_last_loan_to_term',
    'applicant.since_last_loan_days',
    'applicant.term_last_days',
    'Age of the newest loan by its term'
  ),
  ratio(
    'last_loan_to_first_close',
    'applicant.since_last_loan_days',
    'applicant.since_first_close_days',
    'How recent borrowing is'
  )
]
