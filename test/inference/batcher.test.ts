import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BatcherOptions, createBatcher } from '../../src/inference/batcher.ts'
import type { ScoreReply, ScoreTask } from '../../src/inference/protocol.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

interface Run {
  readonly task: ScoreTask
  readonly finish: (reply?: Partial<ScoreReply>) => void
  readonly fail: () => void
}

/** A batcher over threads that answer when the test says so: the score of a row is its first value. */
function batcherOf(changes: Partial<BatcherOptions> = {}) {
  const runs: Run[] = []
  const batches: number[] = []
  const faults: string[] = []
  const run = (task: ScoreTask) =>
    new Promise<ScoreReply>((resolve, reject) => {
      const pd = Float32Array.from({ length: task.count }, (_, index) => task.rows[index * 2] as number)
      const contributions = Float64Array.from({ length: task.count * 2 }, (_, index) => index)
      const reply = { pd, contributions, inferMicros: 7, threadId: 1 }
      const fail = () => reject(new Error('thread died'))
      runs.push({ task, finish: (other) => resolve({ ...reply, ...other }), fail })
    })
  const batcher = createBatcher({
    run,
    inputCount: 2,
    threads: 1,
    maxBatchRows: 4,
    maxQueuedRows: 8,
    explainFromPd: 0.2,
    nowMs: () => performance.now(),
    onBatch: (rows) => void batches.push(rows),
    onFault: (kind) => void faults.push(kind),
    ...changes
  })
  const score = (value: number, inMs = 1000) => batcher.score(Float32Array.of(value, 0), performance.now() + inMs)
  return { batcher, runs, batches, faults, score }
}

const turn = () => vi.advanceTimersByTimeAsync(0)
const pdsOf = (outcomes: readonly { kind: string }[]) =>
  outcomes.map((outcome) => ('pd' in outcome ? Math.round(Number(outcome.pd) * 100) / 100 : 'fault'))
const TIMEOUT = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }
const UNAVAILABLE = { kind: 'fault', code: 'SYS_INFERENCE_UNAVAILABLE' }
const OVERLOAD = { kind: 'fault', code: 'SYS_OVERLOAD' }

/** Settled or not, without waiting. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve('waiting')])
}

describe('rows that wait in one turn', () => {
  test('become one task, and each gets its own score back', async () => {
    const { runs, score, batches } = batcherOf()
    const outcomes = Promise.all([score(0.1), score(0.2), score(0.3)])
    expect(runs).toHaveLength(0)
    await turn()
    expect(runs.map(({ task }) => [task.count, task.rows.length, task.explainFromPd])).toEqual([[3, 6, 0.2]])
    runs[0]?.finish()
    expect(pdsOf(await outcomes)).toEqual([0.1, 0.2, 0.3])
    expect((await outcomes).map((outcome) => 'contributions' in outcome && [...(outcome.contributions ?? [])])).toEqual(
      [[], [2, 3], [4, 5]]
    )
    expect(batches).toEqual([3])
  })

  test('of two policies share a batch, and each is explained from where its own policy asks', async () => {
    const { batcher, runs } = batcherOf()
    const scoreFrom = (value: number, pd: number) =>
      batcher.score(Float32Array.of(value, 0), performance.now() + 1000, { pd, fraudPd: Number.POSITIVE_INFINITY })
    const outcomes = Promise.all([scoreFrom(0.3, 0.25), scoreFrom(0.3, 0.9), scoreFrom(0.6, 0.5)])
    await turn()
    expect(runs.map(({ task }) => [task.count, task.explainFromPd])).toEqual([[3, 0.25]])
    runs[0]?.finish()
    const explained = (await outcomes).map((outcome) => 'contributions' in outcome && outcome.contributions !== null)
    expect(explained).toEqual([true, false, true])
  })

  test('go in batches of the cap, one after the other on one thread, in order', async () => {
    const { runs, score } = batcherOf()
    const outcomes = Promise.all([1, 2, 3, 4, 5, 6].map((value) => score(value / 10)))
    await turn()
    expect(runs.map(({ task }) => task.count)).toEqual([4])
    const later = score(0.7)
    runs[0]?.finish()
    await turn()
    expect(runs.map(({ task }) => task.count)).toEqual([4, 3])
    runs[1]?.finish()
    expect(pdsOf([...(await outcomes), await later])).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
  })

  test('use as many threads as there are', async () => {
    const { runs, score } = batcherOf({ threads: 2 })
    const outcomes = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((value) => score(value / 10)))
    await turn()
    expect(runs.map(({ task }) => task.count)).toEqual([4, 4])
    runs[1]?.finish()
    runs[0]?.finish()
    expect(pdsOf(await outcomes)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
  })

  test('never wait for a timer: one row alone starts in the same turn', async () => {
    const { runs, score } = batcherOf()
    void score(0.1)
    const before = performance.now()
    await turn()
    expect([runs.length, performance.now() - before]).toEqual([1, 0])
  })

  test('an unexplained row has no contributions', async () => {
    const { runs, score } = batcherOf()
    const outcome = score(0.1)
    await turn()
    runs[0]?.finish({ contributions: Float64Array.of(Number.NaN, 0) })
    expect(await outcome).toMatchObject({ kind: 'scored', contributions: null })
  })
})

describe('too many rows', () => {
  test('are refused at once with SYS_OVERLOAD; those in the queue are served', async () => {
    const { runs, score } = batcherOf({ maxQueuedRows: 4 })
    const first = [score(0.1), score(0.2), score(0.3), score(0.4)]
    expect(await stateOf(score(0.5))).toEqual(OVERLOAD)
    await turn()
    const queued = score(0.6)
    expect(await stateOf(queued)).toBe('waiting')
    runs[0]?.finish()
    expect(pdsOf(await Promise.all(first))).toEqual([0.1, 0.2, 0.3, 0.4])
    await turn()
    runs[1]?.finish()
    expect(pdsOf([await queued])).toEqual([0.6])
  })

  test('that nobody waits for any more keep nobody else out', async () => {
    const { runs, score } = batcherOf({ maxQueuedRows: 4 })
    const hanging = score(0.1, 10)
    await turn()
    const given = [score(0.2, 10), score(0.3, 10), score(0.4, 10), score(0.5, 10)]
    await vi.advanceTimersByTimeAsync(20)
    expect(await Promise.all([hanging, ...given])).toEqual(Array(5).fill(TIMEOUT))
    const fresh = score(0.6)
    expect(await stateOf(fresh), 'the queue holds dead rows only').toBe('waiting')
    runs[0]?.finish()
    await turn()
    runs.at(-1)?.finish()
    expect(pdsOf([await fresh])).toEqual([0.6])
  })
})

describe('a row past its deadline', () => {
  test('is answered SYS_INFERENCE_TIMEOUT then, and its late result is dropped and counted', async () => {
    const { runs, score, faults } = batcherOf()
    const outcome = score(0.1, 50)
    await turn()
    await vi.advanceTimersByTimeAsync(49)
    expect(await stateOf(outcome)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2)
    expect(await stateOf(outcome)).toEqual(TIMEOUT)
    runs[0]?.finish()
    await turn()
    expect(await outcome).toEqual(TIMEOUT)
    expect(faults).toEqual(['late'])
  })

  test('is answered at its own deadline, although a row before it may wait longer', async () => {
    const { score } = batcherOf()
    const patient = score(0.1, 1000)
    const hasty = score(0.2, 50)
    await turn()
    await vi.advanceTimersByTimeAsync(60)
    expect(await stateOf(hasty)).toEqual(TIMEOUT)
    expect(await stateOf(patient)).toBe('waiting')
  })

  test('is not sent to a thread at all when it passed in the queue', async () => {
    const { runs, score } = batcherOf()
    void score(0.1)
    await turn()
    const dead = score(0.2, 20)
    const alive = score(0.3)
    await vi.advanceTimersByTimeAsync(30)
    runs[0]?.finish()
    await turn()
    expect(await dead).toEqual(TIMEOUT)
    expect(runs[1]?.task.count).toBe(1)
    runs[1]?.finish()
    expect(pdsOf([await alive])).toEqual([0.3])
  })

  test('behind a thread that hangs is answered all the same, and so is the next one', async () => {
    const { score, runs } = batcherOf()
    const hanging = score(0.1, 50)
    await turn()
    const behind = score(0.2, 50)
    await vi.advanceTimersByTimeAsync(51)
    expect([await stateOf(hanging), await stateOf(behind)]).toEqual([TIMEOUT, TIMEOUT])
    const next = score(0.3, 50)
    await vi.advanceTimersByTimeAsync(51)
    expect(await stateOf(next)).toEqual(TIMEOUT)
    expect(runs).toHaveLength(1)
  })

  test('holds up no other thread: one hangs, the other serves', async () => {
    const { score, runs } = batcherOf({ threads: 2 })
    const hanging = score(0.1, 50)
    await turn()
    const served = score(0.2)
    await turn()
    runs[1]?.finish()
    expect(pdsOf([await served])).toEqual([0.2])
    await vi.advanceTimersByTimeAsync(60)
    expect(await hanging).toEqual(TIMEOUT)
  })
})

describe('a run that fails', () => {
  test('answers its rows SYS_INFERENCE_UNAVAILABLE, is counted, and the next rows are scored', async () => {
    const { score, runs, faults } = batcherOf()
    const outcomes = Promise.all([score(0.1), score(0.2)])
    await turn()
    const next = score(0.3)
    runs[0]?.fail()
    expect(await outcomes).toEqual([UNAVAILABLE, UNAVAILABLE])
    expect(faults).toEqual(['failed'])
    await turn()
    runs[1]?.finish()
    expect(pdsOf([await next])).toEqual([0.3])
  })

  test('that is refused before it starts is a fault as well and not a crash', async () => {
    const run = async () => {
      throw new Error('queue full')
    }
    const { score, faults } = batcherOf({ run })
    const outcome = score(0.1)
    await turn()
    expect([await stateOf(outcome), faults]).toEqual([UNAVAILABLE, ['failed']])
  })

  test('that answers too few scores gives nobody a number that is not theirs', async () => {
    const { score, runs } = batcherOf()
    const outcomes = Promise.all([score(0.1), score(0.2)])
    await turn()
    runs[0]?.finish({ pd: Float32Array.of(0.1) })
    const [, second] = await outcomes
    expect(second?.kind === 'fault' || Number.isNaN(second?.pd)).toBe(true)
  })
})

describe('draining', () => {
  test('waits for what is queued and what is running', async () => {
    const { batcher, score, runs } = batcherOf()
    const outcomes = Promise.all([0.1, 0.2, 0.3, 0.4, 0.5].map((value) => score(value)))
    let drained = false
    const draining = batcher.drain().then(() => {
      drained = true
    })
    await turn()
    runs[0]?.finish()
    await turn()
    expect(drained).toBe(false)
    runs[1]?.finish()
    await turn()
    await draining
    expect(pdsOf(await outcomes)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5])
  })
})
