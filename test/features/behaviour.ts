import fc from 'fast-check'
import { type AssayEvent, EVENT_TYPE_NAMES, EVENT_TYPES, type EventType, type Fields } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { Condition, EventFeature } from '../../src/features/definition.ts'
import { arbitraryData } from './event-data.ts'

const DAY_MS = 86_400_000
export const NOW_MS = Date.parse('2026-11-23T12:00:00Z')

const WINDOW_EDGES = [
  ...new Set(CATALOGUE.flatMap((feature) => (feature.source === 'events' ? [feature.windowMs ?? 0] : [])))
]

/** Up to so many events of one applicant (fast-check alone stops at ten), of a few types or of all, with times that crowd the edges of the windows that features use. */
export function arbitraryHistory(maxLength: number): fc.Arbitrary<AssayEvent[]> {
  const few = fc.subarray(EVENT_TYPE_NAMES, { minLength: 1, maxLength: 4 })
  return fc
    .oneof(few, fc.constant(EVENT_TYPE_NAMES))
    .chain((types) => fc.array(fc.constantFrom(...types).chain(arbitraryEvent), { maxLength, size: 'max' }))
    .map((events) => events.map((event, index) => ({ ...event, eventId: `e${index}` })))
}

function arbitraryEvent(type: EventType): fc.Arbitrary<Omit<AssayEvent, 'eventId'>> {
  const nearEdge = fc
    .tuple(fc.constantFrom(...WINDOW_EDGES), fc.integer({ min: -1, max: 1 }))
    .map(([edge, by]) => edge + by)
  const recent = fc.integer({ min: 0, max: 2 * DAY_MS })
  const age = fc.oneof(nearEdge, recent, fc.integer({ min: -200_000, max: 400 * DAY_MS }))
  const token = fc.constantFrom('one', 'two', 'three', 'four')
  const refs = fc.record({ device: token, ip: token, phone: token, card: token }, { requiredKeys: [] })
  return fc.record({ age, refs, dataAt: arbitraryData(EVENT_TYPES[type].data) }).map(({ age, refs, dataAt }) => {
    const occurredAtMs = NOW_MS - age
    return { type, occurredAtMs, tenant: 't', refs: { applicant: 'a', ...refs }, data: dataAt(occurredAtMs) }
  })
}

/** The slow obvious way to compute a feature, from the raw events: the oracle. */
export function naiveFeature(feature: EventFeature, events: readonly AssayEvent[], nowMs: number): number {
  const { aggregation, windowMs, whenNone, unit } = feature
  const inWindow = events
    .filter(
      ({ type, occurredAtMs }) =>
        feature.events.includes(type) && (windowMs === null || occurredAtMs > nowMs - windowMs)
    )
    .filter((event) => feature.where === undefined || fulfils(feature.where, event) === true)
    .sort((left, right) => left.occurredAtMs - right.occurredAtMs)
  const days = (ms: number) => (unit === 'days' ? ms / DAY_MS : ms)
  if (aggregation.of === 'count') return inWindow.length || whenNone
  if (aggregation.of === 'distinct') {
    const of = (event: AssayEvent) =>
      'ref' in aggregation ? event.refs[aggregation.ref] : fieldsOf(event)[aggregation.field]
    return new Set(inWindow.map(of).filter((value) => value !== undefined)).size || whenNone
  }
  if (aggregation.of === 'share') {
    const answers = inWindow.map((event) => fulfils(aggregation.when, event)).filter((answer) => answer !== undefined)
    return answers.length === 0 ? whenNone : answers.filter(Boolean).length / answers.length
  }
  if (!('field' in aggregation)) {
    const found = aggregation.of === 'ageOfFirst' ? inWindow[0] : inWindow.at(-1)
    return found === undefined ? whenNone : days(Math.max(0, nowMs - found.occurredAtMs))
  }
  const values = inWindow.map((event) => fieldsOf(event)[aggregation.field]).filter((value) => value !== undefined)
  if (values.length === 0) return whenNone
  const sum = values.reduce((total, value) => total + value, 0)
  const scale = (value: number) => (aggregation.field.endsWith('Ms') ? days(value) : value)
  switch (aggregation.of) {
    case 'sum':
      return scale(sum)
    case 'mean':
      return scale(sum / values.length)
    case 'min':
      return scale(Math.min(...values))
    case 'max':
      return scale(Math.max(...values))
    case 'first':
      return scale(values[0] as number)
    case 'last':
      return scale(values.at(-1) as number)
    case 'stddev': {
      const [n, total] = [BigInt(values.length), values.reduce((all, value) => all + BigInt(value), 0n)]
      const squares = values.reduce((all, value) => all + BigInt(value) ** 2n, 0n)
      return scale(Math.sqrt(Number(n * squares - total ** 2n)) / values.length)
    }
  }
}

/** undefined where the event lacks what the condition asks about. */
function fulfils(condition: Condition, event: AssayEvent): boolean | undefined {
  if ('fromHour' in condition) {
    const { fromHour, toHour, utcOffsetMinutes } = condition
    const hour = new Date(event.occurredAtMs + utcOffsetMinutes * 60_000).getUTCHours()
    return fromHour <= toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour
  }
  const value = fieldsOf(event)[condition.field]
  if (value === undefined) return undefined
  if ('above' in condition) return value > condition.above
  return 'below' in condition ? value < condition.below : value === condition.equals
}

export function fieldsOf(event: AssayEvent): Fields {
  const { fields } = EVENT_TYPES[event.type]
  return (fields as (data: object, atMs: number) => Fields)(event.data, event.occurredAtMs)
}
