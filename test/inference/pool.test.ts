import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { VerifiedModel } from '../../src/inference/model.ts'
import { createScorerPool, type ScorerPoolOptions } from '../../src/inference/pool.ts'

const threadFile = (name: string) => new URL(`../fixtures/workers/${name}.ts`, import.meta.url).href

/** A model whose bytes are counters that the test and its threads share (fixtures/workers/thread.ts). */
function modelOf(): { model: VerifiedModel; counters: Int32Array } {
  const buffer = new SharedArrayBuffer(64)
  const model = {
    manifest: { name: 'credit', version: '1.0.0' },
    id: 'fixture',
    golden: {
      rows: [
        [1, 0],
        [2, 0]
      ],
      pd: [Math.fround(0.1), Math.fround(0.2)]
    },
    scorerData: { modelBytes: new Uint8Array(buffer), inputCount: 2, trees: [], reference: new Float32Array(2) }
  }
  return { model: model as unknown as VerifiedModel, counters: new Int32Array(buffer) }
}

async function poolOf(worker: string, changes: Partial<ScorerPoolOptions> = {}) {
  const faults: string[] = []
  const { model, counters } = modelOf()
  const pool = await createScorerPool({
    model,
    threads: 1,
    maxBatchRows: 4,
    maxQueuedRows: 16,
    explainFromPd: 0.2,
    onBatch: () => {},
    onFault: (kind) => void faults.push(kind),
    worker: threadFile(worker),
    ...changes
  })
  return { pool, faults, counters }
}

const within = (ms: number) => performance.now() + ms
const row = (value: number) => Float32Array.of(value, 0)
const refusal = (booting: Promise<unknown>) =>
  booting.then(
    () => 'it booted',
    (error: { code?: string }) => error.code ?? error
  )

describe('a pool', () => {
  test('scores rows over its threads and ends them when closed', async () => {
    const { pool, faults } = await poolOf('sound', { threads: 2 })
    const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((value) => pool.score(row(value), within(5000))))
    expect(outcomes).toMatchObject([1, 2, 3, 4, 5, 6].map((value) => ({ kind: 'scored', pd: Math.fround(value / 10) })))
    await pool.close()
    expect(faults).toEqual([])
  })

  test('does not boot on a thread that cannot load', async () => {
    expect(await refusal(poolOf('throws-at-load'))).toBe('model_invalid')
  })

  test('does not boot on a thread whose golden scores are off in the last digits', async () => {
    expect(await refusal(poolOf('wrong-scores'))).toBe('model_invalid')
    expect(await refusal(poolOf('wrong-scores', { threads: 2 }))).toBe('model_invalid')
  })

  test('does not boot when one thread of two scores wrong, however late it comes: every thread is probed', async () => {
    const booting = poolOf('second-is-wrong', { threads: 2 })
    const outcome = await booting.then(
      async ({ pool }) => {
        const outcomes = await Promise.all(
          [1, 2, 3, 4, 5, 6, 7, 8].map((value) => pool.score(row(value), within(5000)))
        )
        await pool.close()
        return outcomes.map((score) => (score.kind === 'scored' ? score.pd : score.code))
      },
      (error: { code?: string }) => error.code
    )
    expect(outcome).toBe('model_invalid')
  })

  test('does not wait for ever for a thread that hangs while it loads', async () => {
    const { model, counters } = modelOf()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const booting = refusal(poolOf('hangs-at-load', { model }))
    await vi.waitFor(() => expect(Atomics.load(counters, 0)).toBe(1), { timeout: 5000, interval: 5 })
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    expect(await booting).toBe('model_invalid')
  })
})

describe('a thread that fails while it serves', () => {
  test('by throwing: its rows go to a person, the next are scored', async () => {
    const { pool, faults } = await poolOf('throws-on-score')
    expect(await pool.score(row(1), within(5000))).toEqual({ kind: 'fault', code: 'SYS_INFERENCE_UNAVAILABLE' })
    expect(await pool.score(row(1), within(5000))).toMatchObject({ kind: 'scored', pd: Math.fround(0.1) })
    expect(faults).toEqual(['failed'])
    await pool.close()
  })

  test('by hanging: every row is answered by its deadline, and it is not killed', async () => {
    const { pool, faults, counters } = await poolOf('hangs')
    const startedAtMs = performance.now()
    const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((value) => pool.score(row(value), within(100))))
    expect(performance.now() - startedAtMs).toBeLessThan(400)
    expect(outcomes).toEqual(Array(6).fill({ kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }))
    Atomics.store(counters, 2, 1)
    Atomics.notify(counters, 2)
    await vi.waitFor(() => expect(faults).toContain('late'), { timeout: 3000, interval: 5 })
    expect(await pool.score(row(7), within(5000))).toMatchObject({ kind: 'scored', pd: Math.fround(0.7) })
    await pool.close()
  })

  test('by hanging: closing the pool does not wait for it for ever', async () => {
    const { pool, counters } = await poolOf('hangs')
    onTestFinished(() => {
      Atomics.store(counters, 2, 1)
      Atomics.notify(counters, 2)
    })
    expect(await pool.score(row(1), within(50))).toMatchObject({ kind: 'fault' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    let isClosed = false
    void pool.close().then(() => {
      isClosed = true
    })
    await vi.advanceTimersByTimeAsync(1000)
    expect(isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(isClosed).toBe(true)
  })

  test('by dying: its rows go to a person, and the thread in its place serves only after it was proven', async () => {
    const { pool, faults } = await poolOf('dies')
    expect(await pool.score(row(1), within(2000))).toMatchObject({ kind: 'fault' })
    expect(faults.length).toBeGreaterThan(0)
    const later = await pool.score(row(5), within(1000))
    expect(later, 'scored by a thread that never showed its golden scores').toMatchObject({ kind: 'fault' })
    await pool.close()
  })
})
