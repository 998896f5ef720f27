import type { FeatureDefinition } from './features/definition.ts'
import type { Metrics } from './metrics.ts'

/**
 * Counts features without a value by what they are about (applicant, device, bill…: the first part of their name). Counted in
 * an array and told at a scrape, because it is done for every feature of every decision.
 */
export function createFeatureCounts(metrics: Metrics, definitions: readonly Pick<FeatureDefinition, 'name'>[]) {
  const groups = [...new Set(definitions.map(({ name }) => groupOf(name)))]
  const groupOfFeature = Uint8Array.from(definitions, ({ name }) => groups.indexOf(groupOf(name)))
  const sizes = groups.map((group) => definitions.filter(({ name }) => groupOf(name) === group).length)
  const missing = new Float64Array(groups.length)
  const reads = metrics.counter('credit_feature_reads_total')
  const missed = metrics.counter('credit_feature_missing_total')
  let decisions = 0
  return {
    /** `values` in catalogue order. */
    observe: (values: Float64Array): void => {
      decisions++
      for (let index = 0; index < values.length; index++) {
        if (Number.isNaN(values[index])) (missing[groupOfFeature[index] as number] as number)++
      }
    },
    /** To be called before each scrape. */
    tell: (): void => {
      groups.forEach((feature_group, index) => {
        reads.inc({ feature_group }, decisions * (sizes[index] as number))
        missed.inc({ feature_group }, missing[index] as number)
      })
      missing.fill(0)
      decisions = 0
    }
  }
}

function groupOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}
