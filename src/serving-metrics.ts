import type { DriftMetrics } from './drift/drift-metrics.ts'
import type { Metrics } from './metrics.ts'
import type { OpenLineup } from './serving/lineup.ts'
import type { ShadowDrop, ShadowResult } from './serving/shadow.ts'

/** What swaps, scoring threads and shadows tell Prometheus. */
export function observeServing(metrics: Metrics, drift: Pick<DriftMetrics, 'watch'>) {
  const model = { model: 'credit' }
  const inference = metrics.histogram('credit_model_inference_duration_seconds').labels(model)
  const batchRows = metrics.histogram('credit_model_batch_rows').labels(model)
  const info = metrics.gauge('credit_model_info')
  const faults = metrics.counter('credit_model_faults_total')
  const shadows = metrics.counter('credit_shadow_decisions_total')
  const dropped = metrics.counter('credit_shadow_dropped_total')
  return {
    onBatch: (rows: number, inferMicros: number): void => {
      batchRows.observe(rows)
      inference.observe(inferMicros / 1e6)
    },
    onFault: (kind: 'late' | 'failed'): void => faults.inc({ kind }),
    onSwapFault: (): void => metrics.counter('credit_model_activation_failures_total').inc(),
    onDrop: (reason: ShadowDrop): void => dropped.inc({ reason }),
    onResult: ({ made, verdict }: ShadowResult): void =>
      shadows.inc({ decided: made.verdict.outcome, shadow: verdict.outcome }),
    /** Throws model_invalid when drift cannot be measured against a manifest, before anything was changed. */
    onSwap: ({ models: { champion, challenger, shadow, fraud } }: OpenLineup): void => {
      drift.watch(challenger ? [champion, challenger.model] : [champion], fraud)
      info.reset()
      for (const each of [champion, challenger?.model, shadow?.model, fraud]) {
        if (each === undefined) continue
        const { name, version, files } = each.manifest
        info.set({ model: name, version, hash: files['model.onnx'].slice(0, 12) }, 1)
      }
    }
  }
}
