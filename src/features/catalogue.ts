import { APPLICATION_FEATURES } from './application-features.ts'
import { BILL_FEATURES } from './bill-features.ts'
import { BUREAU_FEATURES } from './bureau-features.ts'
import { BURST_FEATURES } from './burst-features.ts'
import type { FeatureDefinition } from './definition.ts'
import { HISTORY_FEATURES, RATIO_FEATURES } from './history-features.ts'
import { LOGIN_FEATURES } from './login-features.ts'
import { ORDER_FEATURES } from './order-features.ts'
import { PROFILE_FEATURES } from './profile-features.ts'
import { REPAYMENT_FEATURES } from './repayment-features.ts'
import { SESSION_FEATURES } from './session-features.ts'
import { TIME_FEATURES } from './time-features.ts'
import { VELOCITY_FEATURES } from './velocity-features.ts'

/** Every feature, in the order in which values are stored. Append; a change of the list is a new feature set. */
export const CATALOGUE: readonly FeatureDefinition[] = [
  ...APPLICATION_FEATURES,
  ...VELOCITY_FEATURES,
  ...HISTORY_FEATURES,
  ...RATIO_FEATURES,
  ...BURST_FEATURES,
  ...LOGIN_FEATURES,
  ...PROFILE_FEATURES,
  ...SESSION_FEATURES,
  ...TIME_FEATURES,
  ...BUREAU_FEATURES,
  ...REPAYMENT_FEATURES,
  ...ORDER_FEATURES,
  ...BILL_FEATURES
]
