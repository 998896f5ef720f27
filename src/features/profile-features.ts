import { PROFILE_FIELD_CODES } from '../domain/events/account-events.ts'
import { OUTCOME_CODES } from '../domain/events/loan-events.ts'
import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature } from './event-feature.ts'
import { LIFETIME } from './ranges.ts'

/** What is known of the account and how it was changed. */
export const PROFILE_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    name: 'applicant.phone_changes_30d',
    events: ['profile.changed'],
    where: { field: 'code', equals: PROFILE_FIELD_CODES.phone },
    aggregation: { of: 'count' },
    windowMs: 30 * DAY_MS,
    meaning: 'Changes of the phone number within 30 days'
  }),
  eventFeature({
    name: 'applicant.since_profile_change_days',
    events: ['profile.changed'],
    aggregation: { of: 'ageOfLast' },
    windowMs: LIFETIME,
    meaning: 'Time since the last edit of the profile'
  }),
  eventFeature({
    name: 'applicant.income_change_90d_permille',
    events: ['profile.changed'],
    where: { field: 'code', equals: PROFILE_FIELD_CODES.income },
    aggregation: { of: 'last', field: 'permille' },
    windowMs: 90 * DAY_MS,
    range: [0, 1_000_000],
    legal: ['financial'],
    meaning: 'Income after its last edit within 90 days by the income before, in thousandths'
  }),
  eventFeature({
    name: 'applicant.since_registration_days',
    events: ['account.registered'],
    aggregation: { of: 'ageOfFirst' },
    windowMs: LIFETIME,
    meaning: 'Time since the account was opened'
  }),
  eventFeature({
    name: 'card.bound_applicants_lifetime',
    entity: 'card',
    events: ['bankcard.bound'],
    aggregation: { of: 'distinct', ref: 'applicant' },
    windowMs: LIFETIME,
    legal: ['device'],
    meaning: 'Applicants who have ever bound the card'
  }),
  eventFeature({
    name: 'applicant.since_last_decline_days',
    events: ['decision.made'],
    where: { field: 'code', equals: OUTCOME_CODES.DECLINE },
    aggregation: { of: 'ageOfLast' },
    windowMs: LIFETIME,
    legal: ['financial'],
    meaning: 'Time since an application was last declined'
  })
]
