import { termDays } from '../domain/application.ts'
import { type ApplicationFeature, DAY_MS, type EventFeature, type FeatureDefinition, HOUR_MS } from './definition.ts'

const MISSING = Number.NaN
const LIFETIME = null
const AMOUNT_RANGE = [0, 10_000_000_000] as const
const DAYS_RANGE = [0, 3650] as const
const LAG_RANGE = [-3650, 3650] as const
const RATIO_RANGE = [0, 1000] as const
const SHARE_RANGE = [0, 1] as const
/** No entity keeps more events than this whole. */
const COUNT_RANGE = [0, 512] as const

type Own = Omit<EventFeature, 'source' | 'entity' | 'legal'> & { readonly legal?: EventFeature['legal'] }

/** A feature of the applicant’s own events. */
const own = (feature: Own): EventFeature => ({
  source: 'events',
  entity: 'applicant',
  legal: ['financial'],
  ...feature
})

const ofApplication = (feature: Omit<ApplicationFeature, 'source'>): ApplicationFeature => ({
  source: 'application',
  ...feature
})

/** Applications counted for one kind of entity, this application included: the velocity of the entity. */
function velocity(entity: EventFeature['entity'], label: string, windowMs: number): EventFeature {
  return {
    name: `${entity}.applications_${label}`,
    source: 'events',
    entity,
    event: 'application.submitted',
    aggregation: { of: 'count' },
    windowMs,
    whenNone: 0,
    unit: 'count',
    range: COUNT_RANGE,
    legal: entity === 'applicant' ? [] : ['device'],
    meaning: `Applications of the ${entity} within ${label}, this one included`
  }
}

/** Distinct entities of one kind seen in the applications of another. */
function crossing(
  entity: EventFeature['entity'],
  ref: EventFeature['entity'],
  label: string,
  windowMs: number | null
): EventFeature {
  return {
    name: `${entity}.${ref}s_${label}`,
    source: 'events',
    entity,
    event: 'application.submitted',
    aggregation: { of: 'distinct', ref },
    windowMs,
    whenNone: 0,
    unit: 'count',
    range: COUNT_RANGE,
    legal: ['device'],
    meaning: `Distinct ${ref}s in the applications of the ${entity} within ${label}`
  }
}

/** What the application itself says. */
const APPLICATION_FEATURES: readonly FeatureDefinition[] = [
  ofApplication({
    name: 'application.amount_minor',
    value: ({ amountMinor }) => amountMinor,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: [],
    meaning: 'Amount asked for'
  }),
  ofApplication({
    name: 'application.term_days',
    value: ({ term }) => termDays(term),
    unit: 'days',
    range: DAYS_RANGE,
    legal: [],
    meaning: 'Term asked for; a month counts 30 days'
  }),
  ofApplication({
    name: 'application.age_years',
    value: ({ facts: { birthYear } }, nowMs) =>
      birthYear === undefined ? MISSING : new Date(nowMs).getUTCFullYear() - birthYear,
    unit: 'years',
    range: [16, 120],
    legal: ['age'],
    meaning: 'Year of the decision minus year of birth; for tests of fairness, not an input to credit'
  }),
  ofApplication({
    name: 'application.income_minor',
    value: ({ facts: { monthlyIncomeMinor } }) => monthlyIncomeMinor ?? MISSING,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: ['financial'],
    meaning: 'Declared net income a month'
  }),
  ofApplication({
    name: 'application.obligations_minor',
    value: ({ facts: { monthlyObligationsMinor } }) => monthlyObligationsMinor ?? MISSING,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: ['financial'],
    meaning: 'Declared obligations a month'
  }),
  {
    name: 'application.obligations_to_income',
    source: 'ratio',
    of: 'application.obligations_minor',
    to: 'application.income_minor',
    unit: 'ratio',
    range: RATIO_RANGE,
    legal: ['financial'],
    meaning: 'Obligations divided by income'
  },
  {
    name: 'application.amount_to_income',
    source: 'ratio',
    of: 'application.amount_minor',
    to: 'application.income_minor',
    unit: 'ratio',
    range: [0, 100_000],
    legal: ['financial'],
    meaning: 'Amount asked for divided by monthly income'
  }
]

const VELOCITY_FEATURES: readonly FeatureDefinition[] = [
  velocity('applicant', '1h', HOUR_MS),
  velocity('applicant', '24h', DAY_MS),
  velocity('applicant', '7d', 7 * DAY_MS),
  velocity('applicant', '30d', 30 * DAY_MS),
  velocity('applicant', '90d', 90 * DAY_MS),
  velocity('device', '1h', HOUR_MS),
  velocity('device', '24h', DAY_MS),
  velocity('device', '7d', 7 * DAY_MS),
  velocity('ip', '1h', HOUR_MS),
  velocity('ip', '24h', DAY_MS),
  velocity('phone', '7d', 7 * DAY_MS),
  velocity('card', '7d', 7 * DAY_MS),
  crossing('applicant', 'device', '30d', 30 * DAY_MS),
  crossing('applicant', 'ip', '24h', DAY_MS),
  crossing('applicant', 'phone', '90d', 90 * DAY_MS),
  crossing('applicant', 'card', '90d', 90 * DAY_MS),
  crossing('device', 'applicant', '7d', 7 * DAY_MS),
  crossing('device', 'applicant', '30d', 30 * DAY_MS),
  crossing('ip', 'applicant', '1h', HOUR_MS),
  crossing('phone', 'applicant', '30d', 30 * DAY_MS),
  crossing('card', 'applicant', 'lifetime', LIFETIME)
]

/** One aggregate of the applicant’s own loans and repayments; days where the field is a time. */
function history(
  name: string,
  event: EventFeature['event'],
  aggregation: EventFeature['aggregation'],
  windowDays: number | null,
  meaning: string
): EventFeature {
  const [unit, range, whenNone] = shapeOf(aggregation)
  const windowMs = windowDays === null ? LIFETIME : windowDays * DAY_MS
  return own({ name: `applicant.${name}`, event, aggregation, windowMs, whenNone, unit, range, meaning })
}

function shapeOf(aggregation: EventFeature['aggregation']): [EventFeature['unit'], EventFeature['range'], number] {
  switch (aggregation.of) {
    case 'count':
    case 'countAbove':
    case 'distinct':
      return ['count', COUNT_RANGE, 0]
    case 'shareAbove':
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

const HISTORY_FEATURES: readonly FeatureDefinition[] = [
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
  return { of: 'shareAbove', field: 'lagMs', above: days * DAY_MS }
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

const RATIO_FEATURES: readonly FeatureDefinition[] = [
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

/** Every feature, in the order in which values are stored. Append; a change of the list is a new feature set. */
export const CATALOGUE: readonly FeatureDefinition[] = [
  ...APPLICATION_FEATURES,
  ...VELOCITY_FEATURES,
  ...HISTORY_FEATURES,
  ...RATIO_FEATURES
]
