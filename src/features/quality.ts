import type { FeatureDefinition } from './definition.ts'
import { type MeasuredValues, newer } from './vector.ts'

/** How old and how exact the values of a decision were, small enough to be kept with it. */
export interface StoredQuality {
  /** Per group of features that look at the same events of the same entity the age of the newest, base64 of int32 seconds. */
  readonly ages: string
  /** Names of the features that were not exact; left out when all were. */
  readonly inexact?: readonly string[]
}

export interface Quality {
  readonly pack: (measured: MeasuredValues) => StoredQuality
  /** Seconds since the newest event that each feature could see, in catalogue order; NaN where there was none. */
  readonly agesOf: (stored: StoredQuality) => Float64Array
}

const NO_EVENT = -1

/** Features of the same events share an age, so that a decision keeps a third as many ages as features. */
export function createQuality(definitions: readonly FeatureDefinition[]): Quality {
  const names = definitions.map(({ name }) => name)
  const groups = new Map<string, number>()
  const firstOfGroup: number[] = []
  const groupOf = definitions.map((definition, index) => {
    if (definition.source !== 'events') return NO_EVENT
    const key = `${definition.entity} ${definition.events.join(' ')}`
    const known = groups.get(key)
    if (known !== undefined) return known
    groups.set(key, firstOfGroup.length)
    return firstOfGroup.push(index) - 1
  })

  return {
    pack: ({ exact, newestAgeMs }) => {
      const ages = Buffer.allocUnsafe(firstOfGroup.length * 4)
      firstOfGroup.forEach((feature, group) => {
        const ageMs = newestAgeMs[feature] as number
        ages.writeInt32LE(Number.isNaN(ageMs) ? NO_EVENT : Math.floor(ageMs / 1000), group * 4)
      })
      const stored = { ages: ages.toString('base64') }
      return exact.includes(0) ? { ...stored, inexact: names.filter((_, index) => exact[index] === 0) } : stored
    },
    agesOf: ({ ages }) => {
      const seconds = Buffer.from(ages, 'base64')
      const ofFeature = new Float64Array(definitions.length).fill(Number.NaN)
      definitions.forEach((definition, index) => {
        const group = groupOf[index] as number
        if (group !== NO_EVENT) {
          const age = seconds.readInt32LE(group * 4)
          if (age !== NO_EVENT) ofFeature[index] = age
        } else if (definition.source === 'ratio') {
          const [of, to] = [names.indexOf(definition.of), names.indexOf(definition.to)]
          ofFeature[index] = newer(ofFeature[of] as number, ofFeature[to] as number)
        }
      })
      return ofFeature
    }
  }
}
