import { DAY_MS, type EventFeature, type FeatureDefinition, HOUR_MS } from './definition.ts'
import { COUNT_RANGE, LIFETIME } from './ranges.ts'

/** Applications counted for one kind of entity, this application included: the velocity of the entity. */
function velocity(entity: EventFeature['entity'], label: string, windowMs: number): EventFeature {
  return {
    name: `${entity}.applications_${label}`,
    source: 'events',
    entity,
    events: ['application.submitted'],
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
    events: ['application.submitted'],
    aggregation: { of: 'distinct', ref },
    windowMs,
    whenNone: 0,
    unit: 'count',
    range: COUNT_RANGE,
    legal: ['device'],
    meaning: `Distinct ${ref}s in the applications of the ${entity} within ${label}`
  }
}

/** Who applies how often, and who shares what with whom. */
export const VELOCITY_FEATURES: readonly FeatureDefinition[] = [
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
