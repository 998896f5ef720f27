import { APPLICATION_FEATURES } from './application-features.ts'
import type { FeatureDefinition } from './definition.ts'
import { HISTORY_FEATURES, RATIO_FEATURES } from './history-features.ts'
import { VELOCITY_FEATURES } from './velocity-features.ts'

/** Every feature, in the order in which values are stored. Append; a change of the list is a new feature set. */
export const CATALOGUE: readonly FeatureDefinition[] = [
  ...APPLICATION_FEATURES,
  ...VELOCITY_FEATURES,
  ...HISTORY_FEATURES,
  ...RATIO_FEATURES
]
