import fc from 'fast-check'
import { type AssayEvent, EVENT_TYPES, type EventType, type Fields } from '../../src/domain/event.ts'
import type { Condition, EventFeature } from '../../src/features/definition.ts'

const DAY_MS = 86_400_000
export const NOW_MS = Date.parse('2026-11-23T12:00:00Z')

/** Events of one applicant, with times that crowd the edges of the windows that features use. */
export function arbitraryHistory(maxLength: number): fc.Arbitrary<AssayEvent[]> {
  const edges = [0, 1, 3_600_000, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 60 * DAY_MS, 90 * DAY_MS, 180 * DAY_MS]
  const nearEdge = fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -1, max: 1 })).map(([edge, by]) => edge + by)
  const age = fc.oneof(nearEdge, fc.integer({ min: -200_000, max: 400 * DAY_MS }))
  const amountMinor = fc.integer({ min: 1, max: 10_000_000_000 })
  const token = fc.constantFrom('one', 'two', 'three', 'four')
  const event = fc.record({
    age,
    amountMinor,
    days: fc.integer({ min: 1, max: 400 }),
    lateMs: fc.integer({ min: -40 * DAY_MS, max: 90 * DAY_MS }),
    type: fc.constantFrom(...(Object.keys(EVENT_TYPES) as EventType[])),
    refs: fc.record({ device: token, ip: token, phone: token, card: token }, { requiredKeys: [] })
  })
  return fc.array(event, { maxLength }).map((drawn) =>
    drawn.map(({ age, refs, ...facts }, index) => {
      const occurredAtMs = NOW_MS - age
      const data = dataOf(facts, occurredAtMs)
      return {
        eventId: `e${index}`,
        type: facts.type,
        occurredAtMs,
        tenant: 't',
        refs: { applicant: 'a', ...refs },
        data
      }
    })
  )
}

interface Facts {
  readonly type: EventType
  readonly amountMinor: number
  readonly days: number
  readonly lateMs: number
}

function dataOf({ type, amountMinor, days, lateMs }: Facts, atMs: number): object {
  switch (type) {
    case 'application.submitted':
      return { applicationId: 'x', product: 'cash', amountMinor, termDays: days }
    case 'loan.disbursed':
      return { loanId: 'l', principalMinor: amountMinor, termDays: days }
    case 'repayment.received':
      return { loanId: 'l', instalmentNo: 1, dueAtMs: atMs - lateMs, ...(days % 2 === 0 && { amountMinor }) }
    case 'repayment.failed':
      return { loanId: 'l', instalmentNo: 1, amountMinor }
    case 'loan.closed':
      return { loanId: 'l', disbursedAtMs: atMs - lateMs - days * DAY_MS, dueAtMs: atMs - lateMs }
    case 'auth.login':
      return {}
    case 'profile.changed':
      return { field: 'phone' }
  }
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
