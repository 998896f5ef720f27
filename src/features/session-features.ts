import { LABEL_CODES } from '../domain/events/account-events.ts'
import { TAMPERING_BITS } from '../domain/events/session-events.ts'
import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature } from './event-feature.ts'
import { LIFETIME, MISSING } from './ranges.ts'

const ALL_TAMPERING = TAMPERING_BITS.rooted + TAMPERING_BITS.emulator + TAMPERING_BITS.hooked

/** How forms were filled in, and on what device. */
export const SESSION_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    name: 'applicant.form_duration_24h_ms',
    events: ['form.interaction'],
    aggregation: { of: 'sum', field: 'durationMs' },
    windowMs: DAY_MS,
    unit: 'ms',
    range: [0, 7 * DAY_MS],
    meaning: 'Time spent on forms within 24 hours'
  }),
  eventFeature({
    name: 'applicant.form_pastes_24h',
    events: ['form.interaction'],
    aggregation: { of: 'sum', field: 'count' },
    windowMs: DAY_MS,
    whenNone: MISSING,
    range: [0, 10_000],
    meaning: 'Pastes into forms within 24 hours; missing when no form was watched'
  }),
  eventFeature({
    name: 'device.tampering_90d',
    entity: 'device',
    events: ['device.snapshot'],
    aggregation: { of: 'max', field: 'code' },
    windowMs: 90 * DAY_MS,
    range: [0, ALL_TAMPERING],
    legal: ['device'],
    meaning: 'Signs of tampering with the device within 90 days: 0 none, 1 rooted, from 2 an emulator, from 4 hooked'
  }),
  eventFeature({
    name: 'device.known_days',
    entity: 'device',
    events: ['application.submitted', 'account.registered', 'auth.login', 'device.snapshot'],
    aggregation: { of: 'ageOfFirst' },
    windowMs: LIFETIME,
    legal: ['device'],
    meaning: 'Time since the device was first seen'
  }),
  eventFeature({
    name: 'device.fraud_labels_180d',
    entity: 'device',
    events: ['fraud.labelled'],
    where: { field: 'code', equals: LABEL_CODES.confirmed },
    aggregation: { of: 'count' },
    windowMs: 180 * DAY_MS,
    legal: ['device'],
    meaning: 'Confirmed frauds with the device that became known within 180 days'
  })
]
