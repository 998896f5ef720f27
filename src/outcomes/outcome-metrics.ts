import type { Metrics } from '../metrics.ts'
import { measureCalibration } from './calibration.ts'
import type { OutcomeStore } from './redis-outcome-store.ts'

/** Outcomes come by the day; a minute is soon enough. */
const KEEP_MS = 60_000

export interface OutcomeMetricsDeps {
  readonly metrics: Metrics
  readonly store: Pick<OutcomeStore, 'readCalibrations'>
  readonly monotonicMs: () => number
}

/** Shows how right each model was; to be called before each scrape, reads at most once a minute. */
export function createOutcomeMetrics({ metrics, store, monotonicMs }: OutcomeMetricsDeps): () => Promise<void> {
  const outcomes = metrics.gauge('credit_model_outcomes')
  const quality = {
    auc: metrics.gauge('credit_model_auc'),
    ks: metrics.gauge('credit_model_ks'),
    brier: metrics.gauge('credit_model_brier'),
    observedExpected: metrics.gauge('credit_model_observed_expected_ratio')
  }
  let readAgainAtMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (monotonicMs() < readAgainAtMs) return
    const calibrations = await store.readCalibrations()
    readAgainAtMs = monotonicMs() + KEEP_MS
    for (const gauge of [outcomes, ...Object.values(quality)]) gauge.reset()
    for (const { model, version, calibration } of calibrations) {
      const measured = measureCalibration(calibration)
      outcomes.set({ model, version, outcome: 'good' }, measured.good)
      outcomes.set({ model, version, outcome: 'bad' }, measured.bad)
      if (measured.quality === null) continue
      for (const name of ['auc', 'ks', 'brier', 'observedExpected'] as const)
        quality[name].set({ model, version }, measured.quality[name])
    }
  }
}
