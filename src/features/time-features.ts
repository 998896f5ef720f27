import type { Application } from '../domain/application.ts'
import { DAY_MS, type FeatureDefinition, HOUR_MS, MINUTE_MS } from './definition.ts'
import { eventFeature } from './event-feature.ts'

/** Standard time where most people with the currency live; a few hours of error are a few hours of error. */
const UTC_OFFSET_MINUTES: Readonly<Record<Application['currency'], number>> = {
  CNY: 480,
  NGN: 60,
  USD: -300,
  EUR: 60,
  UGX: 180,
  CZK: 60,
  TWD: 480
}
const NIGHT = { fromHour: 0, toHour: 5, utcOffsetMinutes: UTC_OFFSET_MINUTES.CNY } as const

/** When the applicant is awake. */
export const TIME_FEATURES: readonly FeatureDefinition[] = [
  {
    name: 'application.local_hour',
    source: 'application',
    value: ({ currency }, nowMs) => {
      const localMs = nowMs + UTC_OFFSET_MINUTES[currency] * MINUTE_MS
      return Math.floor((((localMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS)
    },
    unit: 'hours',
    range: [0, 23],
    legal: [],
    meaning:
      'Full hour of the decision in the zone of the currency: CNY and TWD +8, UGX +3, NGN, EUR and CZK +1, USD −5'
  },
  eventFeature({
    name: 'applicant.night_share_30d',
    events: ['application.submitted', 'auth.login', 'profile.changed', 'form.interaction', 'order.paid'],
    aggregation: { of: 'share', when: NIGHT },
    windowMs: 30 * DAY_MS,
    meaning: 'Part of the applicant’s own activity within 30 days that lies between 0 and 5 o’clock Chinese time'
  })
]
