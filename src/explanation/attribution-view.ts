import { REASONS, type ReasonCode } from '../domain/reasons.ts'
import type { FeatureDefinition } from '../features/definition.ts'
import type { VerifiedModel } from '../inference/model.ts'
import type { Attributed } from './margin.ts'
import type { Attribution } from './schema.ts'

/** Contributions with the names, values and texts that make them readable. */
export function describeAttribution(
  { id, manifest: { inputs } }: VerifiedModel,
  vector: Float32Array,
  { contributions, margin, referenceMargin }: Attributed,
  source: Attribution['source'],
  definitions: ReadonlyMap<string, FeatureDefinition>
): Attribution {
  const sums = new Map<ReasonCode, number>()
  const features = inputs.map(({ name, group, reference }, index) => {
    const contribution = contributions[index] as number
    sums.set(group, (sums.get(group) ?? 0) + contribution)
    const { meaning, unit } = definitions.get(name) as FeatureDefinition
    return { name, meaning, unit, group, value: orNull(vector[index] as number), reference, contribution }
  })
  const groups = [...sums].map(([code, contribution]) => ({ code, text: REASONS[code], contribution }))
  return {
    model: id,
    source,
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

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
