/** A metric as it is declared: once, in src/metrics.ts or in a table that it takes in. */
export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}
