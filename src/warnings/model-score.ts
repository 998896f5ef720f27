import type { Application } from '../domain/application.ts'
import type { FeatureDefinition } from '../features/definition.ts'
import type { Manifest } from '../inference/manifest.ts'

/** Whether a model was made for such a borrower and knows every input: else it says nothing, and rules alone warn. */
export function isScorable(
  { population, inputs }: Pick<Manifest, 'population' | 'inputs'>,
  { product, currency }: Pick<Application, 'product' | 'currency'>,
  vector: Float32Array
): boolean {
  if (!population.products.some((known) => known === product)) return false
  if (!population.currencies.some((known) => known === currency)) return false
  return inputs.every(({ range: [least, most], missing }, index) => {
    const value = vector[index] as number
    return Number.isNaN(value) ? missing === 'allowed' : value >= (least as number) && value <= (most as number)
  })
}

/** Whether some input is read off an application, or made of one: between applications there is no such value. */
export function readsApplication(definitions: readonly FeatureDefinition[], inputs: readonly string[]): boolean {
  const reads = (name: string): boolean => {
    const definition = definitions.find((each) => each.name === name)
    if (definition === undefined || definition.source === 'events') return false
    return definition.source === 'application' || reads(definition.of) || reads(definition.to)
  }
  return inputs.some(reads)
}
