/** Plausible values, shared by the files of the catalogue. */
export const AMOUNT_RANGE = [0, 10_000_000_000] as const
export const DAYS_RANGE = [0, 3650] as const
export const LAG_RANGE = [-3650, 3650] as const
export const RATIO_RANGE = [0, 1000] as const
export const SHARE_RANGE = [0, 1] as const
/** An entity with more is no person’s, and no model has seen one. */
export const COUNT_RANGE = [0, 1_000_000] as const

/** Missing is not zero: a model sees that nothing is known. */
export const MISSING = Number.NaN
/** A window without a beginning. */
export const LIFETIME = null
