import type { Application } from '../domain/application.ts'
import type { EntityKind, EventType, Field } from '../domain/event.ts'

export const UNITS = ['count', 'minor', 'days', 'ratio', 'years', 'flag', 'hours', 'ms', 'permille'] as const
export type Unit = (typeof UNITS)[number]

/** What a jurisdiction may ask to be switched off. */
export const LEGAL_TAGS = [
  'age',
  'employment',
  'location',
  'device',
  'financial',
  'social',
  'health',
  'biometric',
  'marketing'
] as const
export type LegalTag = (typeof LEGAL_TAGS)[number]

/** Which events count, besides their type. An event that lacks the field does not. */
export type Condition =
  | { readonly field: Field; readonly above: number }
  | { readonly field: Field; readonly below: number }
  | { readonly field: Field; readonly equals: number }
  /** Local hour of the event time in [from, to); `from` may be later than `to`: the night. */
  | { readonly fromHour: number; readonly toHour: number; readonly utcOffsetMinutes: number }

export type Aggregation =
  | { readonly of: 'count' }
  /** Different entities of a kind, or different values of a field. */
  | { readonly of: 'distinct'; readonly ref: EntityKind }
  | { readonly of: 'distinct'; readonly field: Field }
  | { readonly of: 'sum' | 'mean' | 'min' | 'max' | 'last' | 'first'; readonly field: Field }
  /** Standard deviation of the values (of the population: divided by their number). */
  | { readonly of: 'stddev'; readonly field: Field }
  | { readonly of: 'ageOfLast' | 'ageOfFirst' }
  /** Of the events that have what the condition asks about, the part that fulfils it. */
  | { readonly of: 'share'; readonly when: Condition }

interface Described {
  readonly name: string
  readonly unit: Unit
  /** Plausible values: outside, a model may not approve. */
  readonly range: readonly [minimum: number, maximum: number]
  readonly legal: readonly LegalTag[]
  readonly meaning: string
}

/** A number from the events of one entity within a window that ends at the decision. */
export interface EventFeature extends Described {
  readonly source: 'events'
  readonly entity: EntityKind
  readonly events: readonly EventType[]
  /** Only events that fulfil it count. */
  readonly where?: Condition
  readonly aggregation: Aggregation
  /** Events later than the decision time minus this count; null is the whole life. */
  readonly windowMs: number | null
  /** The value when no event is in the window; NaN is “missing”, which is not zero. */
  readonly whenNone: number
}

/** A number from the application itself. NaN when the application does not say. */
export interface ApplicationFeature extends Described {
  readonly source: 'application'
  readonly value: (application: Application, nowMs: number) => number
}

/**
 * One feature divided by another, times `scale` (1 when absent); missing when either is missing or the divisor is zero.
 * With `floor` the divisor is at least that: a rate change over a quiet window stays small.
 */
export interface RatioFeature extends Described {
  readonly source: 'ratio'
  readonly of: string
  readonly to: string
  readonly scale?: number
  readonly floor?: number
}

export type FeatureDefinition = EventFeature | ApplicationFeature | RatioFeature

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
