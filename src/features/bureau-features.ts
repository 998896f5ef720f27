import { LENDER_CODES } from '../domain/events/credit-events.ts'
import { DAY_MS, type EventFeature, type FeatureDefinition } from './definition.ts'
import { eventFeature, ratioFeature } from './event-feature.ts'
import { RATIO_RANGE } from './ranges.ts'

const YEAR_MS = 360 * DAY_MS

/** Entries of reports that name a lender: somebody else was asked for money. */
const QUERIES = { events: ['bureau.received'], where: { field: 'code', above: 0 }, legal: ['financial'] } as const
const REPORTS = { events: ['bureau.received'], windowMs: YEAR_MS, legal: ['financial'] } as const

function institutions(days: number): EventFeature {
  return eventFeature({
    name: `applicant.bureau_institutions_${days}d`,
    events: ['bureau.received'],
    aggregation: { of: 'distinct', field: 'hash' },
    windowMs: days * DAY_MS,
    legal: ['financial'],
    meaning: `Institutions that asked a bureau about the applicant within ${days} days`
  })
}

/** Borrowing elsewhere, as bureaus report it. */
export const BUREAU_FEATURES: readonly FeatureDefinition[] = [
  institutions(7),
  institutions(15),
  institutions(30),
  institutions(90),
  institutions(180),
  institutions(360),
  ratioFeature({
    name: 'applicant.bureau_institutions_15d_to_90d',
    of: 'applicant.bureau_institutions_15d',
    to: 'applicant.bureau_institutions_90d',
    scale: 6,
    floor: 3,
    range: [0, 6],
    legal: ['financial'],
    meaning: 'Institutions that asked within 15 days by those within 90 days, as rates'
  }),
  eventFeature({
    ...QUERIES,
    name: 'applicant.bureau_microloan_share_90d',
    aggregation: { of: 'share', when: { field: 'code', equals: LENDER_CODES.microloan } },
    windowMs: 90 * DAY_MS,
    meaning: 'Part of the queries within 90 days that came from microloan companies'
  }),
  eventFeature({
    ...QUERIES,
    name: 'applicant.since_last_bureau_query_days',
    aggregation: { of: 'ageOfLast' },
    windowMs: YEAR_MS,
    meaning: 'Time since a lender last asked about the applicant'
  }),
  eventFeature({
    ...REPORTS,
    name: 'applicant.bureau_instalments_last_minor',
    aggregation: { of: 'last', field: 'amountMinor' },
    meaning: 'Monthly instalments elsewhere in the newest report that tells'
  }),
  ratioFeature({
    name: 'applicant.bureau_instalments_to_income',
    of: 'applicant.bureau_instalments_last_minor',
    to: 'application.income_minor',
    range: RATIO_RANGE,
    legal: ['financial'],
    meaning: 'Monthly instalments elsewhere by the declared income'
  })
]
