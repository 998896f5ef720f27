import { OTP_RESULT_CODES } from '../domain/events/account-events.ts'
import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature, ratioFeature } from './event-feature.ts'
import { RATIO_RANGE } from './ranges.ts'

/** How the account is entered. */
export const LOGIN_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    name: 'applicant.login_failures_24h',
    events: ['auth.login_failed'],
    aggregation: { of: 'count' },
    windowMs: DAY_MS,
    meaning: 'Failed logins within 24 hours'
  }),
  ratioFeature({
    name: 'applicant.login_failures_to_logins_24h',
    of: 'applicant.login_failures_24h',
    to: 'applicant.logins_24h',
    floor: 1,
    range: RATIO_RANGE,
    meaning: 'Failed logins for each login within 24 hours'
  }),
  eventFeature({
    name: 'applicant.new_device_logins_30d',
    events: ['auth.login'],
    where: { field: 'count', above: 0 },
    aggregation: { of: 'count' },
    windowMs: 30 * DAY_MS,
    legal: ['device'],
    meaning: 'Logins from a device that was new to the account within 30 days'
  }),
  eventFeature({
    name: 'applicant.login_cities_7d',
    events: ['auth.login'],
    aggregation: { of: 'distinct', field: 'hash' },
    windowMs: 7 * DAY_MS,
    legal: ['location'],
    meaning: 'Cities of the logins within 7 days'
  }),
  eventFeature({
    name: 'applicant.otp_requests_24h',
    events: ['auth.otp_requested'],
    aggregation: { of: 'count' },
    windowMs: DAY_MS,
    meaning: 'One-time codes asked for within 24 hours'
  }),
  eventFeature({
    name: 'applicant.otp_failed_share_24h',
    events: ['auth.otp_verified'],
    aggregation: { of: 'share', when: { field: 'code', above: OTP_RESULT_CODES.passed } },
    windowMs: DAY_MS,
    meaning: 'Part of the one-time codes entered within 24 hours that were wrong or had expired'
  })
]
