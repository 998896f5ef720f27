import { describe, expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import { createDriftMetrics, type ServingModel } from '../../src/drift/drift-metrics.ts'
import type { Manifest } from '../../src/inference/manifest.ts'
import { createMetrics } from '../../src/metrics.ts'

const HALVES = { edges: [0.5], shares: [0.5, 0.5] }

function model(name: Manifest['name'], version: string, inputs: readonly string[], withReference = true): ServingModel {
  const input = { range: [0, 1], missing: 'allowed', group: 'R130', reference: null } as const
  const drift = {
    rows: 100_000,
    score: HALVES,
    inputs: inputs.map((each) => ({ name: each, ...HALVES, missing: 0.25 }))
  }
  return {
    id: `${version}@sha256:${'0'.repeat(12)}`,
    manifest: {
      name,
      version,
      inputs: inputs.map((each) => ({ name: each, ...input, range: [0, 1] })),
      ...(withReference && { drift })
    }
  }
}

const CHAMPION = model('credit', '1.1.0', ['a.one', 'b.two'])
const CHALLENGER = model('credit', '1.2.0', ['b.two'])
const OLD = model('credit', '1.0.0', ['a.one'], false)
const FRAUD = model('fraud', '2.0.0', ['f.one'])

function measured() {
  const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
  const drift = createDriftMetrics(metrics, { monotonicMs: () => 0 })
  const scrape = async () => {
    drift.refresh()
    const text = await metrics.registry.metrics()
    return text.split('\n').filter((line) => /^credit_(score|feature|drift)/.test(line))
  }
  const sampleOf = async (start: string) => {
    const line = (await scrape()).find((each) => each.startsWith(start))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  return { drift, scrape, sampleOf }
}

describe('drift as metrics', () => {
  test('has the score, every input and every bin of a model that serves, once there is enough to tell', async () => {
    const { drift, scrape, sampleOf } = measured()
    drift.watch([CHAMPION])
    const random = createRandom(3)
    const of = 'model="credit",version="1.1.0"'
    for (let row = 0; row < 999; row++)
      drift.observe(CHAMPION.id, Float32Array.of(random(), Number.NaN), { pd: random() / 2 })
    expect((await scrape()).filter((line) => line.includes('psi'))).toEqual([])
    expect(await sampleOf(`credit_drift_decisions{${of},window="1h"}`)).toBe(999)
    drift.observe(CHAMPION.id, Float32Array.of(0.1, Number.NaN), { pd: 0.25 })
    expect(await sampleOf(`credit_score_psi{${of},window="1h"}`)).toBeGreaterThan(1)
    expect(await sampleOf(`credit_score_psi_excess{${of},window="24h"}`)).toBeGreaterThan(1)
    expect(await sampleOf(`credit_feature_psi_excess{${of},feature="a.one"}`)).toBeLessThan(0.01)
    expect(await sampleOf(`credit_feature_psi{${of},feature="b.two"}`), 'none was there').toBeUndefined()
    expect(await sampleOf(`credit_feature_missing_ratio{${of},feature="b.two"}`)).toBe(1)
    expect(await sampleOf(`credit_drift_values_total{${of},feature="score",bin="0"}`)).toBe(1000)
    expect(await sampleOf(`credit_drift_values_total{${of},feature="b.two",bin="missing"}`)).toBe(1000)
    expect(await sampleOf(`credit_drift_expected_ratio{${of},feature="b.two",bin="missing"}`)).toBe(0.25)
    expect(await sampleOf(`credit_drift_expected_ratio{${of},feature="a.one",bin="1"}`)).toBe(0.5)
  })

  test('tells a counter every value once, however often it is scraped', async () => {
    const { drift, scrape, sampleOf } = measured()
    drift.watch([CHAMPION])
    const counter = 'credit_drift_values_total{model="credit",version="1.1.0",feature="a.one",bin="1"}'
    for (const expected of [1, 2, 3]) {
      drift.observe(CHAMPION.id, Float32Array.of(0.7, 0.7), { pd: 0.2 })
      await scrape()
      expect(await sampleOf(counter)).toBe(expected)
    }
  })

  test('keeps champion, challenger and fraud model apart', async () => {
    const { drift, sampleOf } = measured()
    drift.watch([CHAMPION, CHALLENGER], FRAUD)
    drift.observe(CHAMPION.id, Float32Array.of(0.1, 0.9, 0.9), { pd: 0.2, fraud: { pd: 0.7 } })
    drift.observe(CHALLENGER.id, Float32Array.of(0.9, 0.8), { pd: 0.2, fraud: { pd: 0.7 } })
    drift.observe(CHALLENGER.id, Float32Array.of(0.9, 0.1), { pd: 0.2 })
    const values = (model: string, feature: string, bin: string) =>
      sampleOf(`credit_drift_values_total{${model},feature="${feature}",bin="${bin}"}`)
    expect(await values('model="credit",version="1.1.0"', 'b.two', '1')).toBe(1)
    expect(await values('model="credit",version="1.2.0"', 'b.two', '1')).toBe(2)
    const fraud = 'model="fraud",version="2.0.0"'
    expect([
      await values(fraud, 'score', '1'),
      await values(fraud, 'f.one', '0'),
      await values(fraud, 'f.one', '1')
    ]).toEqual([2, 0, 2])
  })

  test('goes on for a model that goes on, ends for one that was swapped out, and passes over one without a reference', async () => {
    const { drift, scrape, sampleOf } = measured()
    drift.watch([CHAMPION])
    drift.observe(CHAMPION.id, Float32Array.of(0.1, 0.9), { pd: 0.2 })
    drift.watch([CHALLENGER, CHAMPION])
    expect(await sampleOf('credit_drift_decisions{model="credit",version="1.1.0",window="24h"}')).toBe(1)
    drift.watch([OLD])
    drift.observe(OLD.id, Float32Array.of(0.1), { pd: 0.2 })
    drift.observe(CHAMPION.id, Float32Array.of(0.1, 0.9), { pd: 0.2 })
    expect((await scrape()).filter((line) => !line.startsWith('credit_drift_values_total'))).toEqual([])
  })

  test('changes nothing when one of the models cannot be measured against', async () => {
    const { drift, sampleOf } = measured()
    drift.watch([CHAMPION])
    const broken = { ...CHALLENGER, manifest: { ...CHALLENGER.manifest, inputs: CHAMPION.manifest.inputs.slice(0, 1) } }
    expect(() => drift.watch([broken])).toThrow(/drift reference/)
    drift.observe(CHAMPION.id, Float32Array.of(0.1, 0.9), { pd: 0.2 })
    expect(await sampleOf('credit_drift_decisions{model="credit",version="1.1.0",window="24h"}')).toBe(1)
  })
})
