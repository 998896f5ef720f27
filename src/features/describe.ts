import type { Aggregation, Condition, FeatureDefinition } from './definition.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './definition.ts'

export interface FeatureDescription {
  readonly name: string
  readonly source: FeatureDefinition['source']
  readonly entity?: string
  readonly events?: string[]
  readonly where?: string
  readonly aggregation: string
  readonly window: string
  readonly whenNone: number | null
  readonly unit: FeatureDefinition['unit']
  readonly range: number[]
  readonly legal: FeatureDefinition['legal'][number][]
  readonly meaning: string
}

/** A feature in words and JSON values: what the API and docs/features.md show. */
export function describeFeature(definition: FeatureDefinition): FeatureDescription {
  const { name, source, unit, meaning } = definition
  const common = { name, source, unit, meaning, range: [...definition.range], legal: [...definition.legal] }
  switch (definition.source) {
    case 'events':
      return {
        ...common,
        entity: definition.entity,
        events: [...definition.events],
        ...(definition.where && { where: describeCondition(definition.where) }),
        aggregation: describeAggregation(definition.aggregation),
        window: describeWindow(definition.windowMs),
        whenNone: Number.isNaN(definition.whenNone) ? null : definition.whenNone
      }
    case 'application':
      return { ...common, aggregation: 'from the application', window: 'now', whenNone: null }
    case 'ratio':
      return { ...common, aggregation: describeRatio(definition), window: 'now', whenNone: null }
  }
}

function describeAggregation(aggregation: Aggregation): string {
  switch (aggregation.of) {
    case 'count':
    case 'ageOfFirst':
    case 'ageOfLast':
      return aggregation.of
    case 'distinct':
      return `distinct ${'ref' in aggregation ? aggregation.ref : aggregation.field}`
    case 'share':
      return `share ${describeCondition(aggregation.when)}`
    default:
      return `${aggregation.of} ${aggregation.field}`
  }
}

function describeCondition(condition: Condition): string {
  if ('fromHour' in condition) {
    const { fromHour, toHour, utcOffsetMinutes } = condition
    return `hour ${fromHour} to ${toHour} at UTC${utcOffsetMinutes < 0 ? '−' : '+'}${Math.abs(utcOffsetMinutes) / 60}`
  }
  if ('above' in condition) return `${condition.field} > ${condition.above}`
  if ('below' in condition) return `${condition.field} < ${condition.below}`
  return `${condition.field} = ${condition.equals}`
}

function describeRatio({ of, to, scale, floor }: Extract<FeatureDefinition, { source: 'ratio' }>): string {
  const divisor = floor === undefined ? to : `max(${to}, ${floor})`
  return `${of} / ${divisor}${scale === undefined ? '' : ` × ${scale}`}`
}

function describeWindow(windowMs: number | null): string {
  if (windowMs === null) return 'lifetime'
  if (windowMs % DAY_MS === 0) return `${windowMs / DAY_MS} d`
  return windowMs % HOUR_MS === 0 ? `${windowMs / HOUR_MS} h` : `${windowMs / MINUTE_MS} min`
}
