import { expect, test } from 'vitest'
import { observeDecisions } from '../../src/decision-metrics.ts'
import type { ScoredRow } from '../../src/drift/drift-metrics.ts'
import { createMetrics } from '../../src/metrics.ts'

test('drift is told of every scored decision with its model, and of none that no model scored', () => {
  const seen: [string, number[], ScoredRow][] = []
  const observe = (modelId: string, vector: Float32Array, row: ScoredRow) => void seen.push([modelId, [...vector], row])
  const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
  const { scored } = observeDecisions(metrics, () => ({ bands: [], rateCap: 0.24, velocity: [] }), {
    drift: { observe }
  })
  const assessment = { kind: 'scored', pd: 0.25, contributions: null, fraud: { pd: 0.5, contributions: null } } as const
  scored('1.1.0@sha256:0', Float32Array.of(1, 2), assessment, null)
  scored('1.1.0@sha256:0', Float32Array.of(Number.NaN, 2), { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }, null)
  expect(seen).toEqual([['1.1.0@sha256:0', [1, 2], assessment]])
})
