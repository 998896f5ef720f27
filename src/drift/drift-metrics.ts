import { isUsablePd } from '../domain/score-scale.ts'
import type { Manifest } from '../inference/manifest.ts'
import type { Metrics } from '../metrics.ts'
import { createDrift, type Drift, type DriftOptions, type DriftReading } from './drift.ts'
import type { Stability } from './psi.ts'
import type { Column } from './reference.ts'

/** What drift is measured of: a model that serves. */
export interface ServingModel {
  /** As decisions name it. */
  readonly id: string
  readonly manifest: Pick<Manifest, 'name' | 'version' | 'inputs' | 'drift'>
}

/** What the credit model said of a row, and the fraud model where one serves. */
export interface ScoredRow {
  readonly pd: number
  readonly fraud?: { readonly pd: number } | undefined
}

export interface DriftMetrics {
  /**
   * Says which models serve from now on; what is known of those that go on serving stays. A model without a reference is
   * not measured.
   *
   * @throws AssayError model_invalid where a reference cannot be measured against; nothing is changed then
   */
  readonly watch: (credit: readonly ServingModel[], fraud?: ServingModel) => void
  /**
   * Counts one scored decision: the vector has the inputs of the credit model, then those of the fraud model. A model that
   * is not watched, and a probability that cannot decide, are passed over.
   */
  readonly observe: (modelId: string, vector: Float32Array, scored: ScoredRow) => void
  /** Brings the metrics up to date; before each scrape. */
  readonly refresh: () => void
}

interface Watched {
  readonly drift: Drift
  readonly labels: { readonly model: string; readonly version: string }
  /** What the counters were told of already, by column. */
  readonly told: Float64Array[]
}

/** Drift of every model that serves, as metrics. */
export function createDriftMetrics(metrics: Metrics, options: DriftOptions): DriftMetrics {
  let watched: ReadonlyMap<string, Watched> = new Map()
  let fraud: Watched | undefined
  let inputsOf: ReadonlyMap<string, number> = new Map()
  const show = showReadings(metrics)

  const keepOrMake = ({ id, manifest: { name, version, inputs, drift } }: ServingModel): [string, Watched][] => {
    const key = `${name} ${id}`
    const known = watched.get(key)
    if (known !== undefined) return [[key, known]]
    if (drift === undefined) return []
    const names = inputs.map((input) => input.name)
    return [[key, { drift: createDrift(drift, names, options), labels: { model: name, version }, told: [] }]]
  }

  return {
    watch: (credit, fraudModel) => {
      const models = [...credit, ...(fraudModel === undefined ? [] : [fraudModel])]
      const next = new Map(models.flatMap(keepOrMake))
      watched = next
      show.references(next.values())
      fraud = fraudModel && next.get(`${fraudModel.manifest.name} ${fraudModel.id}`)
      inputsOf = new Map(credit.map(({ id, manifest }) => [id, manifest.inputs.length]))
    },
    observe: (modelId, vector, scored) => {
      if (isUsablePd(scored.pd)) watched.get(`credit ${modelId}`)?.drift.observe(vector, scored.pd)
      const inputs = inputsOf.get(modelId)
      if (fraud !== undefined && inputs !== undefined && scored.fraud !== undefined && isUsablePd(scored.fraud.pd))
        fraud.drift.observe(vector, scored.fraud.pd, inputs)
    },
    refresh: () => {
      show.clear()
      for (const each of watched.values()) show.reading(each, each.drift.read())
    }
  }
}

function showReadings(metrics: Metrics) {
  const scorePsi = metrics.gauge('credit_score_psi')
  const scoreExcess = metrics.gauge('credit_score_psi_excess')
  const featurePsi = metrics.gauge('credit_feature_psi')
  const featureExcess = metrics.gauge('credit_feature_psi_excess')
  const missingRatio = metrics.gauge('credit_feature_missing_ratio')
  const decisions = metrics.gauge('credit_drift_decisions')
  const expected = metrics.gauge('credit_drift_expected_ratio')
  const values = metrics.counter('credit_drift_values_total')
  const binOf = ({ shares }: Column, bin: number) => (bin === shares.length ? 'missing' : String(bin))
  const gauges = [scorePsi, scoreExcess, featurePsi, featureExcess, missingRatio, decisions]

  const set = (
    labels: Record<string, string>,
    stability: Stability | null,
    psi: typeof scorePsi,
    excess: typeof psi
  ) => {
    if (stability === null) return
    psi.set(labels, stability.psi)
    excess.set(labels, stability.excess)
  }

  return {
    /** The shares of the training part: they do not change while a model serves. */
    references: (watched: Iterable<Watched>) => {
      expected.reset()
      for (const { labels, drift } of watched) {
        for (const { column } of drift.read().counts) {
          for (const [bin, share] of [...column.shares, column.missing].entries())
            expected.set({ ...labels, feature: column.name, bin: binOf(column, bin) }, share)
        }
      }
    },
    clear: () => {
      for (const gauge of gauges) gauge.reset()
    },
    reading: ({ labels, told }: Watched, { scores, features, counts }: DriftReading) => {
      for (const { window, decisions: sample, stability } of scores) {
        decisions.set({ ...labels, window }, sample)
        set({ ...labels, window }, stability, scorePsi, scoreExcess)
      }
      for (const { name, stability, missing } of features) {
        set({ ...labels, feature: name }, stability, featurePsi, featureExcess)
        if (missing !== null) missingRatio.set({ ...labels, feature: name }, missing)
      }
      counts.forEach(({ column, values: now }, index) => {
        const before = told[index]
        now.forEach((count, bin) => {
          const more = count - (before?.[bin] ?? 0)
          if (more > 0 || before === undefined)
            values.inc({ ...labels, feature: column.name, bin: binOf(column, bin) }, more)
        })
        told[index] = now.slice()
      })
    }
  }
}
