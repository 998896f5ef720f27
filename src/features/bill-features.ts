import { CASH_FLOW_CODES } from '../domain/events/credit-events.ts'
import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature } from './event-feature.ts'

const HALF_YEAR = { windowMs: 180 * DAY_MS, legal: ['financial'] } as const
const QUARTER = { windowMs: 90 * DAY_MS, legal: ['financial'] } as const
const LATE = { field: 'count', above: 0 } as const
/** A bill may exceed its limit, and a credit balance is below 0. */
const UTILISATION_RANGE = [-100_000, 100_000] as const
const PAID_RANGE = [0, 10_000_000] as const
const MONTHS_RANGE = [0, 120] as const
const SIGNED_AMOUNT_RANGE = [-10_000_000_000, 10_000_000_000] as const

/** Monthly bills and the account they are paid from. Half a year holds six bills. */
export const BILL_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_utilisation_last_permille',
    events: ['bill.issued'],
    aggregation: { of: 'last', field: 'permille' },
    range: UTILISATION_RANGE,
    meaning: 'Balance of the newest bill by the limit, in thousandths'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_utilisation_mean_180d_permille',
    events: ['bill.issued'],
    aggregation: { of: 'mean', field: 'permille' },
    range: UTILISATION_RANGE,
    meaning: 'Mean balance of the bills within 180 days by the limit, in thousandths'
  }),
  eventFeature({
    ...QUARTER,
    name: 'applicant.bill_utilisation_mean_90d_permille',
    events: ['bill.issued'],
    aggregation: { of: 'mean', field: 'permille' },
    range: UTILISATION_RANGE,
    meaning: 'Mean balance of the bills within 90 days by the limit, in thousandths'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_balance_max_180d_minor',
    events: ['bill.issued'],
    aggregation: { of: 'max', field: 'amountMinor' },
    range: SIGNED_AMOUNT_RANGE,
    meaning: 'Largest balance of the bills within 180 days'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_months_late_last',
    events: ['bill.status'],
    aggregation: { of: 'last', field: 'count' },
    range: MONTHS_RANGE,
    meaning: 'Months that the newest bill’s payments are late'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_months_late_max_180d',
    events: ['bill.status'],
    aggregation: { of: 'max', field: 'count' },
    range: MONTHS_RANGE,
    meaning: 'Most months that payments of bills were late within 180 days'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_months_late_mean_180d',
    events: ['bill.status'],
    aggregation: { of: 'mean', field: 'count' },
    range: MONTHS_RANGE,
    meaning: 'Mean months that payments of bills were late within 180 days'
  }),
  eventFeature({
    ...QUARTER,
    name: 'applicant.bills_late_90d',
    events: ['bill.status'],
    where: LATE,
    aggregation: { of: 'count' },
    meaning: 'Bills within 90 days with a payment late'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_paid_mean_180d_permille',
    events: ['bill.paid'],
    aggregation: { of: 'mean', field: 'permille' },
    range: PAID_RANGE,
    meaning: 'Mean part of the bills within 180 days that was paid, in thousandths'
  }),
  eventFeature({
    ...QUARTER,
    name: 'applicant.bill_paid_min_90d_permille',
    events: ['bill.paid'],
    aggregation: { of: 'min', field: 'permille' },
    range: PAID_RANGE,
    meaning: 'Smallest part of a bill that was paid within 90 days, in thousandths'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.bill_paid_min_180d_minor',
    events: ['bill.paid'],
    aggregation: { of: 'min', field: 'amountMinor' },
    meaning: 'Smallest amount paid for a bill within 180 days; 0 when nothing was paid for one'
  }),
  eventFeature({
    ...QUARTER,
    name: 'applicant.account_income_90d_minor',
    events: ['account.transaction'],
    where: { field: 'code', equals: CASH_FLOW_CODES.income },
    aggregation: { of: 'sum', field: 'amountMinor' },
    range: SIGNED_AMOUNT_RANGE,
    meaning: 'Income paid into the bank account within 90 days'
  }),
  eventFeature({
    ...QUARTER,
    name: 'applicant.account_balance_min_90d_minor',
    events: ['account.balance'],
    aggregation: { of: 'min', field: 'amountMinor' },
    range: SIGNED_AMOUNT_RANGE,
    meaning: 'Lowest balance of the bank account within 90 days'
  }),
  eventFeature({
    ...HALF_YEAR,
    name: 'applicant.account_penalties_180d',
    events: ['account.transaction'],
    where: { field: 'code', equals: CASH_FLOW_CODES.penalty_interest },
    aggregation: { of: 'count' },
    meaning: 'Times within 180 days that the bank took interest for an overdrawn account'
  })
]
