import fc from 'fast-check'
import { ENTITY_KINDS, EVENT_TYPE_NAMES, FIELDS } from '../../src/domain/event.ts'
import { type Condition, DAY_MS, type EventFeature, HOUR_MS, MINUTE_MS } from '../../src/features/definition.ts'

/** From a minute to a year, and the whole life. */
export const WINDOWS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 365 * DAY_MS]

/** Cases of every property here times FC_RUNS: a long run has the same tests with more cases. */
export function cases(count: number): { readonly numRuns: number } {
  return { numRuns: Math.ceil(count * Number(process.env.FC_RUNS ?? 1)) }
}

const field = fc.constantFrom(...FIELDS)
const number = fc.constantFrom(0, 1, 30, 200, DAY_MS, 5_000_000_000)
const hour = fc.integer({ min: 0, max: 23 })
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ field, above: number }),
  fc.record({ field, below: number }),
  fc.record({ field, equals: number }),
  fc.record({ fromHour: hour, toHour: hour, utcOffsetMinutes: fc.constantFrom(-330, 0, 60) })
)

const aggregation: fc.Arbitrary<EventFeature['aggregation']> = fc.oneof(
  fc.constantFrom({ of: 'count' as const }, { of: 'ageOfFirst' as const }, { of: 'ageOfLast' as const }),
  fc.record({ of: fc.constantFrom('sum', 'mean', 'min', 'max', 'last', 'first', 'stddev', 'distinct'), field }),
  fc.record({ of: fc.constant('distinct'), ref: fc.constantFrom(...ENTITY_KINDS) }),
  fc.record({ of: fc.constant('share'), when: condition })
) as fc.Arbitrary<EventFeature['aggregation']>

/** Every aggregation over every kind of selection, each over some windows, of one kind of entity. */
export function arbitraryDeclarations(entity: EventFeature['entity'] = 'applicant'): fc.Arbitrary<EventFeature[]> {
  const declared = fc.record({
    aggregation,
    events: fc.subarray(EVENT_TYPE_NAMES, { minLength: 1 }),
    where: fc.option(condition, { nil: undefined, freq: 2 }),
    windowsMs: fc.subarray([null, ...WINDOWS_MS], { minLength: 1, maxLength: 4 }),
    whenNone: fc.constantFrom(0, Number.NaN),
    unit: fc.constantFrom('count', 'days')
  })
  return fc.array(declared, { minLength: 1, maxLength: 5 }).map((all) =>
    all.flatMap(({ where, windowsMs, ...each }, index) =>
      windowsMs.map((windowMs) => ({
        ...each,
        ...(where !== undefined && { where }),
        windowMs,
        source: 'events' as const,
        entity,
        name: `feature-${index} over ${windowMs}`,
        range: [0, 1] as const,
        legal: [],
        meaning: ''
      }))
    )
  )
}
