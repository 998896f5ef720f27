/** One meaning, one colour, on every dashboard. Red is kept for what somebody must act on: a declined application is an answer. */
export const OUTCOME_COLOURS = { APPROVE: 'green', REFER: 'yellow', DECLINE: 'purple' }
/** From the best band to the worst. */
export const BAND_COLOURS = { A: 'dark-green', B: 'green', C: 'yellow', D: 'orange', E: 'purple' }
export const JOB_COLOURS = {
  done: 'green',
  already_done: 'light-green',
  obsolete: 'text',
  retry: 'yellow',
  failed: 'red'
}
export const JOB_STATE_COLOURS = { waiting: 'yellow', active: 'green', delayed: 'blue', failed: 'red' }
export const QUANTILE_COLOURS = { p50: 'green', p95: 'yellow', p99: 'orange' }
export const PROCESS_COLOURS = { gateway: 'green', ingest: 'blue', monitor: 'yellow' }
/** Zero is right, anything else is somebody’s to mend. */
export const ZERO_IS_RIGHT = { base: 'green', steps: [{ from: 0.000001, colour: 'red' }] } as const
export const UP_OR_DOWN = { '0': { text: 'down', colour: 'red' }, '1': { text: 'up', colour: 'green' } } as const
