import { termDays } from '../domain/application.ts'
import { REPAYMENT_CODES } from '../domain/events/loan-events.ts'
import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature, ratioFeature } from './event-feature.ts'
import { AMOUNT_RANGE, LIFETIME } from './ranges.ts'

const MONTH_DAYS = 30
const OWN = { legal: ['financial'] } as const
/** A limit’s use is told when the limit changes and when it is drawn on. */
const UTILISATION = {
  events: ['limit.changed', 'limit.used'],
  unit: 'permille',
  range: [-10_000, 100_000],
  legal: ['financial']
} as const

/** How the applicant repays, uses limits and could bear another instalment. */
export const REPAYMENT_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    ...OWN,
    name: 'applicant.repayments_on_time_share_360d',
    events: ['repayment.received'],
    aggregation: { of: 'share', when: { field: 'lagMs', below: DAY_MS + 1 } },
    windowMs: 360 * DAY_MS,
    meaning: 'Part of the repayments within 360 days that came no more than a day late'
  }),
  eventFeature({
    ...OWN,
    name: 'applicant.repayments_partial_share_180d',
    events: ['repayment.received'],
    aggregation: { of: 'share', when: { field: 'code', equals: REPAYMENT_CODES.partial } },
    windowMs: 180 * DAY_MS,
    meaning: 'Part of the repayments within 180 days that were less than the instalment'
  }),
  eventFeature({
    ...OWN,
    name: 'applicant.repayments_returned_180d',
    events: ['repayment.returned'],
    aggregation: { of: 'count' },
    windowMs: 180 * DAY_MS,
    meaning: 'Repayments within 180 days that the payer’s bank took back'
  }),
  eventFeature({
    ...OWN,
    name: 'applicant.since_last_late_repayment_days',
    events: ['repayment.received'],
    where: { field: 'lagMs', above: DAY_MS },
    aggregation: { of: 'ageOfLast' },
    windowMs: LIFETIME,
    meaning: 'Time since a repayment came more than a day late; missing when none ever did'
  }),
  eventFeature({
    ...OWN,
    name: 'applicant.limit_last_minor',
    events: ['limit.changed'],
    aggregation: { of: 'last', field: 'amountMinor' },
    windowMs: LIFETIME,
    meaning: 'The limit that was last set'
  }),
  eventFeature({
    ...UTILISATION,
    name: 'applicant.utilisation_last_permille',
    aggregation: { of: 'last', field: 'permille' },
    windowMs: LIFETIME,
    meaning: 'Part of the limit in use when last told, in thousandths'
  }),
  eventFeature({
    ...UTILISATION,
    name: 'applicant.utilisation_mean_90d_permille',
    aggregation: { of: 'mean', field: 'permille' },
    windowMs: 90 * DAY_MS,
    meaning: 'Mean part of the limit in use within 90 days, in thousandths'
  }),
  eventFeature({
    ...UTILISATION,
    name: 'applicant.utilisation_stddev_180d_permille',
    aggregation: { of: 'stddev', field: 'permille' },
    windowMs: 180 * DAY_MS,
    range: [0, 100_000],
    meaning: 'Spread of the part of the limit in use within 180 days, in thousandths'
  }),
  {
    name: 'application.instalment_minor',
    source: 'application',
    value: ({ amountMinor, term }) => amountMinor / Math.max(1, termDays(term) / MONTH_DAYS),
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: [],
    meaning: 'Amount asked for by the months of its term, at least one: a monthly instalment without interest'
  },
  ratioFeature({
    ...OWN,
    name: 'application.instalment_to_income',
    of: 'application.instalment_minor',
    to: 'application.income_minor',
    range: [0, 100_000],
    meaning: 'A monthly instalment without interest by the declared monthly income'
  })
]
