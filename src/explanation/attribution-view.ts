import { REASONS, type ReasonCode } from '../domain/reasons.ts'
import type { FeatureDefinition } from '../features/definition.ts'
import type { Attribution } from './schema.ts'
import type { Scoring } from './scoring.ts'

/** Contributions with the names, values and texts that make them readable. */
export function describeAttribution(
  model: string,
  { by, inputs, attributed, isRecorded }: Scoring,
  definitions: ReadonlyMap<string, FeatureDefinition>
): Attribution {
  const { contributions, margin, referenceMargin } = attributed
  const sums = new Map<ReasonCode, number>()
  const features = inputs.map(({ name, group, value, reference }, index) => {
    const contribution = contributions[index] as number
    sums.set(group, (sums.get(group) ?? 0) + contribution)
    const { meaning, unit } = definitions.get(name) as FeatureDefinition
    const told = reference === undefined ? {} : { reference }
    return { name, meaning, unit, group, value: Number.isNaN(value) ? null : value, ...told, contribution }
  })
  const groups = [...sums].map(([code, contribution]) => ({ code, text: REASONS[code], contribution }))
  return {
    model,
    by,
    source: isRecorded ? 'recorded' : 'computed',
    margin,
    referenceMargin,
    groups: groups.sort((left, right) => hurtsMore(left, right) || (left.code < right.code ? -1 : 1)),
    features: features.sort((left, right) => hurtsMore(left, right) || (left.name < right.name ? -1 : 1))
  }
}

interface Contributing {
  readonly contribution: number
}

function hurtsMore(left: Contributing, right: Contributing): number {
  return right.contribution - left.contribution
}
