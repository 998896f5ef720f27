import { type EventFeature, type FeatureDefinition, HOUR_MS, MINUTE_MS } from './definition.ts'
import { eventFeature, ratioFeature } from './event-feature.ts'

function burst(entity: EventFeature['entity'], label: string, windowMs: number, words: string): EventFeature {
  return eventFeature({
    name: `${entity}.applications_${label}`,
    entity,
    events: ['application.submitted'],
    aggregation: { of: 'count' },
    windowMs,
    legal: ['device'],
    meaning: `Applications of the ${entity} within ${words}, this one included`
  })
}

/** Applications that come in bursts. */
export const BURST_FEATURES: readonly FeatureDefinition[] = [
  burst('device', '10min', 10 * MINUTE_MS, '10 minutes'),
  burst('device', '6h', 6 * HOUR_MS, '6 hours'),
  burst('ip', '10min', 10 * MINUTE_MS, '10 minutes'),
  // The floor lets the first application of a quiet day count 8, not 24.
  ratioFeature({
    name: 'device.applications_1h_to_24h',
    of: 'device.applications_1h',
    to: 'device.applications_24h',
    scale: 24,
    floor: 3,
    range: [0, 24],
    legal: ['device'],
    meaning: 'Rate of applications of the device within an hour by its rate within 24 hours'
  })
]
