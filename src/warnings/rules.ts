/** How urgent: yellow is watched, orange lowers what the next decision may grant, red freezes it. In this order. */
export const LEVELS = ['yellow', 'orange', 'red'] as const
export type Level = (typeof LEVELS)[number]

/** One sign of trouble: from which value of which signal on it warns, how urgently, and for how long. */
export interface WarningRule {
  readonly id: string
  /** Raised with every change of a threshold, so that an alert says by what it was raised. */
  readonly version: string
  /** A name of signalsOf(): of the loan, of the catalogue of features, or made of both. */
  readonly signal: string
  /** The least value of the signal at each level; absent where the sign is never so urgent. */
  readonly from: { readonly [L in Level]?: number }
  /** How long a warning says something after the sign was last seen. */
  readonly days: number
  readonly meaning: string
}

/** Models that warn by their probability of default: each has a rule and a signal of its own. */
export const WARNING_MODELS = ['early-warning', 'credit'] as const
export type WarningModel = (typeof WARNING_MODELS)[number]

export const modelRuleId = (model: WarningModel): string => `model-${model}`
export const modelSignal = (model: WarningModel): string => `model.${model}`

/**
 * The signs, in the order in which they are told. Source: domain reference, section 4 (early-warning indicators). Thresholds of
 * the models and of late closes were chosen on one part of the histories and measured on another: docs/early-warnings.md.
 *
 * A model alone has somebody watched and no more: what takes something from a customer needs a fact (models/early-warning, its card).
 */
export const WARNING_RULES: readonly WarningRule[] = [
  {
    id: 'missed-payment',
    version: '1',
    signal: 'loan.days_past_due',
    from: { yellow: 1, orange: 8, red: 31 },
    days: 14,
    meaning: 'Days that the oldest instalment is past due'
  },
  {
    id: 'broken-promise',
    version: '1',
    signal: 'loan.broken_promises',
    from: { orange: 1, red: 2 },
    days: 30,
    meaning: 'Promises to pay that were not kept'
  },
  {
    id: 'contact-lost',
    version: '1',
    signal: 'loan.contacts_failed',
    from: { yellow: 2, orange: 4 },
    days: 30,
    meaning: 'Contacts in a row that reached nobody'
  },
  {
    id: 'applies-while-overdue',
    version: '1',
    signal: 'loan.applications_while_overdue_7d',
    from: { orange: 1, red: 3 },
    days: 14,
    meaning: 'Applications within 7 days while a payment is past due'
  },
  {
    id: 'failed-debit',
    version: '1',
    signal: 'applicant.repayment_failures_90d',
    from: { yellow: 1, orange: 2, red: 4 },
    days: 30,
    meaning: 'Debits within 90 days that failed'
  },
  {
    id: 'returned-payment',
    version: '1',
    signal: 'applicant.repayments_returned_180d',
    from: { orange: 1 },
    days: 30,
    meaning: 'Payments within 180 days that the payer’s bank took back'
  },
  {
    id: 'partial-payments',
    version: '1',
    signal: 'applicant.repayments_partial_share_180d',
    from: { yellow: 0.25, orange: 0.5 },
    days: 30,
    meaning: 'Part of the payments within 180 days that were less than the instalment'
  },
  {
    id: 'late-repayment',
    version: '1',
    signal: 'applicant.repayment_lag_last_days',
    from: { yellow: 1, orange: 7, red: 30 },
    days: 60,
    meaning: 'Days that the last payment came after its due date'
  },
  {
    id: 'later-payday',
    version: '1',
    signal: 'applicant.repayment_lag_rise_days',
    from: { yellow: 3, orange: 10 },
    days: 30,
    meaning: 'Days that the last payment came later than the mean of 90 days'
  },
  {
    id: 'late-close',
    version: '1',
    signal: 'applicant.close_lag_last_days',
    from: { yellow: 2, orange: 10, red: 45 },
    days: 90,
    meaning: 'Days that the last loan was paid off after it was due'
  },
  {
    id: 'high-utilisation',
    version: '1',
    signal: 'applicant.utilisation_mean_90d_permille',
    from: { yellow: 900 },
    days: 30,
    meaning: 'Mean part of the limit in use within 90 days, in thousandths'
  },
  {
    id: 'utilisation-rise',
    version: '1',
    signal: 'applicant.utilisation_rise_permille',
    from: { yellow: 250, orange: 500 },
    days: 30,
    meaning: 'Part of the limit in use above the mean of 90 days, in thousandths'
  },
  {
    id: 'drained-on-new-device',
    version: '1',
    signal: 'applicant.drained_on_new_device_permille',
    from: { red: 950 },
    days: 7,
    meaning: 'Part of the limit in use after a login from a new device within 30 days, in thousandths'
  },
  {
    id: 'lenders-ask',
    version: '1',
    signal: 'applicant.bureau_institutions_7d',
    from: { yellow: 3, orange: 6 },
    days: 14,
    meaning: 'Lenders that asked the bureau within 7 days'
  },
  {
    id: 'late-bill',
    version: '1',
    signal: 'applicant.bill_months_late_last',
    from: { yellow: 1, orange: 2, red: 3 },
    days: 35,
    meaning: 'Months that the newest bill’s payments are late'
  },
  {
    id: 'bank-penalty',
    version: '1',
    signal: 'applicant.account_penalties_180d',
    from: { yellow: 1, orange: 3 },
    days: 30,
    meaning: 'Times within 180 days that the bank took interest for an overdrawn account'
  },
  {
    id: 'income-drop',
    version: '1',
    signal: 'applicant.income_drop_90d_permille',
    from: { yellow: 300, orange: 600 },
    days: 60,
    meaning: 'Part by which the income fell within 90 days, in thousandths'
  },
  {
    id: 'phone-changed',
    version: '1',
    signal: 'applicant.phone_changes_30d',
    from: { yellow: 1, orange: 2 },
    days: 30,
    meaning: 'Changes of the phone number within 30 days'
  },
  {
    id: modelRuleId('early-warning'),
    version: '1',
    signal: modelSignal('early-warning'),
    from: { yellow: 0.15 },
    days: 35,
    meaning: 'Probability that the next bill is not paid, by the early-warning model'
  },
  {
    id: modelRuleId('credit'),
    version: '1',
    signal: modelSignal('credit'),
    from: { yellow: 0.15 },
    days: 35,
    meaning: 'Probability that the loan goes bad, by the credit model on what is known by now'
  }
]

export function isAtLeast(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least)
}
