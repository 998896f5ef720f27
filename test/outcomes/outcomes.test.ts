import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { withPartition } from '../../src/domain/ids.ts'
import { AssayError } from '../../src/errors.ts'
import { createMetrics } from '../../src/metrics.ts'
import { measureCalibration } from '../../src/outcomes/calibration.ts'
import type { OutcomeInput } from '../../src/outcomes/outcome.ts'
import { createOutcomeMetrics } from '../../src/outcomes/outcome-metrics.ts'
import {
  createRedisOutcomeStore,
  type OutcomeStore,
  type ScoredOutcome
} from '../../src/outcomes/redis-outcome-store.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import { readStored } from '../redis/stored.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const MODEL = '1.1.0@sha256:0123456789ab'
const OTHER = '1.2.0@sha256:ba9876543210'
const T = Date.UTC(2026, 5, 1)

let redis: Redis
let keys: Keys
let store: OutcomeStore
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  keys = createKeys(uniquePrefix('outcomes'))
  store = createRedisOutcomeStore({ redis, keys, keepMs: 600_000 })
})

const newId = (partition = 3) => withPartition(randomUUIDv7(), partition)
const told = (decisionId: string, outcome: OutcomeInput['outcome'], day = 0, modelId = MODEL, pd = 0.25) => ({
  tenant: 'alpha',
  input: { decisionId, outcome, observedAtMs: T + day * 86_400_000 },
  score: { modelId, pd }
})
const counted = async () =>
  (await store.readCalibrations()).map(({ model, version, calibration }) => {
    const { good, bad } = measureCalibration(calibration)
    const expected = calibration.expected.reduce((sum, each) => sum + each, 0)
    return { model, version, good, bad, expected, pdOfBad: calibration.pdOfBad, pdSquared: calibration.pdSquared }
  })

describe('an outcome', () => {
  test('is counted once, however often it is told', async () => {
    const outcome = told(newId(), 'bad')
    expect(await store.note([outcome, outcome])).toEqual(['counted', 'repeated'])
    const before = await readStored(redis, keys.prefix)
    expect(await store.note([outcome])).toEqual(['repeated'])
    expect(await readStored(redis, keys.prefix)).toEqual(before)
    expect(await counted()).toEqual([
      { model: 'credit', version: '1.1.0', good: 0, bad: 1, expected: 0.25, pdOfBad: 0.25, pdSquared: 0.0625 }
    ])
  })

  test('that differs counts instead when it was observed later, and is a conflict when it was not', async () => {
    const id = newId()
    expect(await store.note([told(id, 'good', 1)])).toEqual(['counted'])
    expect(await store.note([told(id, 'bad', 1)]), 'at the same time').toEqual(['conflict'])
    expect(await store.note([told(id, 'bad', 0)]), 'earlier').toEqual(['conflict'])
    expect(await store.note([told(id, 'bad', 2)]), 'later').toEqual(['replaced'])
    expect(await store.note([told(id, 'good', 1)]), 'the first again').toEqual(['conflict'])
    expect(await counted()).toMatchObject([{ good: 0, bad: 1, expected: 0.25, pdOfBad: 0.25 }])
    expect(await store.note([told(id, 'good', 3)])).toEqual(['replaced'])
    expect(await counted()).toMatchObject([{ good: 1, bad: 0, expected: 0.25, pdOfBad: 0, pdSquared: 0.0625 }])
  })

  test('is counted for the model that decided, over all partitions', async () => {
    await store.note([told(newId(0), 'good'), told(newId(63), 'bad'), told(newId(63), 'bad', 0, OTHER, 0.5)])
    expect((await counted()).sort((left, right) => (left.version < right.version ? -1 : 1))).toMatchObject([
      { version: '1.1.0', good: 1, bad: 1, expected: 0.5, pdOfBad: 0.25 },
      { version: '1.2.0', good: 0, bad: 1, expected: 0.5, pdOfBad: 0.5 }
    ])
  })

  test('without a score is remembered and not counted', async () => {
    const id = newId()
    const unscored: ScoredOutcome = { ...told(id, 'good'), score: null }
    expect(await store.note([unscored])).toEqual(['counted'])
    expect(await store.note([{ ...unscored, input: told(id, 'bad', 1).input }])).toEqual(['replaced'])
    expect(await counted()).toEqual([])
    expect(await redis.get(keys.outcome(3, 'alpha', id))).toBe(`b${T + 86_400_000} `)
  })

  test('is remembered with its source for as long as it is told to, under the decision’s id alone', async () => {
    const id = newId()
    const outcome = told(id, 'good')
    await store.note([{ ...outcome, input: { ...outcome.input, source: 'repayment' } }])
    const key = keys.outcome(3, 'alpha', id)
    expect(await redis.get(key)).toBe(`g${T} repayment`)
    expect(await redis.pttl(key)).toBeGreaterThan(590_000)
    expect([...(await readStored(redis, keys.prefix)).keys()].sort()).toEqual([keys.calibration(3), key].sort())
  })

  test('is one of what the newest of each decision says, whatever the order and the repeats', async () => {
    const decisions = Array.from({ length: 4 }, (_, index) => ({ id: newId(index), pd: 0.1 + index / 5 }))
    // One outcome a day: two that differ on the same day are a conflict, which the first wins.
    const message = fc.record({ decision: fc.nat(3), day: fc.nat(20) })
    const isBad = (decision: number, day: number) => ((decision * 7 + day * 5) % 3 === 0 ? 'bad' : 'good')
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 30 }), async (messages) => {
        keys = createKeys(uniquePrefix('outcomes'))
        store = createRedisOutcomeStore({ redis, keys, keepMs: 600_000 })
        const of = ({ decision, day }: (typeof messages)[number]) => {
          const { id, pd } = decisions[decision] as (typeof decisions)[number]
          return told(id, isBad(decision, day), day, MODEL, pd)
        }
        await store.note(messages.map(of))
        const newest = new Map<number, number>()
        for (const { decision, day } of messages) newest.set(decision, Math.max(day, newest.get(decision) ?? 0))
        const bads = [...newest].filter(([decision, day]) => isBad(decision, day) === 'bad')
        const pdOf = (rows: readonly [number, number][]) =>
          rows.reduce((sum, [decision]) => sum + (decisions[decision]?.pd ?? 0), 0)
        const [seen] = await counted()
        expect(seen).toMatchObject({ good: newest.size - bads.length, bad: bads.length })
        expect(seen?.expected).toBeCloseTo(pdOf([...newest]), 8)
        expect(seen?.pdOfBad).toBeCloseTo(pdOf(bads), 8)
      }),
      { numRuns: 50 }
    )
  })

  test('is not noted when Redis does not answer, which the caller is told as something to try again', async () => {
    redis.disconnect()
    const fault = await store.note([told(newId(), 'good')]).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(AssayError)
    expect(fault).toMatchObject({ code: 'store_unavailable', retryable: true })
  })
})

test('the metrics of a model appear with its outcomes, its quality once there are enough, and are read once a minute', async () => {
  const metrics = createMetrics({ process: 'monitor', version: 'test', withDefaults: false })
  let nowMs = 0
  const refresh = createOutcomeMetrics({ metrics, store, monotonicMs: () => nowMs })
  const lines = async () => {
    await refresh()
    const text = await metrics.registry.metrics()
    return text.split('\n').filter((line) => line.startsWith('credit_model_'))
  }
  const noteMany = (outcome: OutcomeInput['outcome'], pd: number, size: number) =>
    store.note(Array.from({ length: size }, () => told(newId(), outcome, 0, MODEL, pd)))
  await noteMany('good', 0.1, 99)
  await noteMany('bad', 0.4, 100)
  const of = 'model="credit",version="1.1.0"'
  const few = [`credit_model_outcomes{${of},outcome="good"} 99`, `credit_model_outcomes{${of},outcome="bad"} 100`]
  expect(await lines()).toEqual(few)
  await noteMany('good', 0.1, 1)
  expect(await lines(), 'within the minute').toEqual(few)
  nowMs = 60_000
  const all = Object.fromEntries((await lines()).map((line) => line.split(' ')))
  expect(all[`credit_model_auc{${of}}`]).toBe('1')
  expect(all[`credit_model_ks{${of}}`]).toBe('1')
  expect(Number(all[`credit_model_brier{${of}}`])).toBeCloseTo((0.1 ** 2 + 0.6 ** 2) / 2, 8)
  expect(Number(all[`credit_model_observed_expected_ratio{${of}}`])).toBeCloseTo(100 / 50, 8)
})
