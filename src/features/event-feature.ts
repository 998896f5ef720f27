import type { Aggregation, EventFeature, RatioFeature } from './definition.ts'
import { AMOUNT_RANGE, COUNT_RANGE, DAYS_RANGE, LAG_RANGE, MISSING, SHARE_RANGE } from './ranges.ts'

type Shape = Pick<EventFeature, 'unit' | 'range' | 'whenNone'>
type Declared = Omit<EventFeature, 'source' | 'entity' | 'legal' | keyof Shape> &
  Partial<Pick<EventFeature, 'entity' | 'legal' | keyof Shape>>

/**
 * Declares a feature of events, of the applicant unless another entity is named. Unit, range and the value without events
 * follow from the aggregation unless given: nothing counted is 0, nothing measured is missing.
 */
export function eventFeature(declared: Declared): EventFeature {
  return { source: 'events', entity: 'applicant', legal: [], ...shapeOf(declared.aggregation), ...declared }
}

/** Declares one feature divided by an earlier one. */
export function ratioFeature(
  declared: Omit<RatioFeature, 'source' | 'unit' | 'legal'> & Partial<Pick<RatioFeature, 'legal'>>
): RatioFeature {
  return { source: 'ratio', unit: 'ratio', legal: [], ...declared }
}

function shapeOf(aggregation: Aggregation): Shape {
  switch (aggregation.of) {
    case 'count':
    case 'distinct':
      return { unit: 'count', range: COUNT_RANGE, whenNone: 0 }
    case 'share':
      return { unit: 'ratio', range: SHARE_RANGE, whenNone: MISSING }
    case 'ageOfFirst':
    case 'ageOfLast':
      return { unit: 'days', range: DAYS_RANGE, whenNone: MISSING }
    default:
      return { ...MEASURES[aggregation.field], whenNone: MISSING }
  }
}

const MEASURES = {
  amountMinor: { unit: 'minor', range: AMOUNT_RANGE },
  termDays: { unit: 'days', range: DAYS_RANGE },
  lagMs: { unit: 'days', range: LAG_RANGE },
  durationMs: { unit: 'days', range: DAYS_RANGE },
  code: { unit: 'flag', range: [0, 255] },
  hash: { unit: 'flag', range: [0, 0xffffffff] },
  count: { unit: 'count', range: [0, 1_000_000] },
  permille: { unit: 'permille', range: [0, 1000] }
} as const satisfies Record<string, Omit<Shape, 'whenNone'>>
