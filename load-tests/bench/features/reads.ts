import { randomUUIDv7 } from 'node:crypto'
import { submittedEvent } from '../../../src/decisions/decide.ts'
import { createRedisDecisionStore } from '../../../src/decisions/redis-decision-store.ts'
import type { Application } from '../../../src/domain/application.ts'
import { withPartition } from '../../../src/domain/ids.ts'
import { createBehaviourStore, entityKeys } from '../../../src/features/behaviour-store.ts'
import { CATALOGUE } from '../../../src/features/catalogue.ts'
import { createCompactor } from '../../../src/features/compactor.ts'
import { createFeatureSet, type EntityStates } from '../../../src/features/vector.ts'
import { createKeys } from '../../../src/redis/keys.ts'
import { busyHistory, REFS } from './history.ts'
import type { BenchStore } from './store.ts'

export const SIZES = [100, 1000, 10_000, 100_000] as const
export type Size = (typeof SIZES)[number]

export interface Reads {
  /** Median microseconds from asking Redis to having every feature of five entities, by events of each. */
  readonly readMicros: Record<Size, number>
  /** The same without Redis: folding and computing. */
  readonly computeMicros: Record<Size, number>
  /** Of a decision’s begin, which reads all of them. */
  readonly roundTrips: number
  readonly bytesPerEvent: number
  readonly profileMaxBytes: number
}

const APPEND_BATCH = 32
const READS_A_ROUND = 200
const ROUNDS = 15
const WARM_UP_ROUNDS = 3
const COUNTED_BEGINS = 200

/** Writes histories of each size as live would, then reads them in turns. */
export async function measureReads(
  { redis, keys: { prefix } }: BenchStore,
  note: (line: string) => void
): Promise<Reads> {
  const nowMs = Date.now()
  const people = new Map<Size, readonly string[]>()
  const bytes: number[] = []
  let bytesPerEvent = 0
  for (const size of SIZES) {
    note(`writing ${size} events of one person`)
    const keys = createKeys(`${prefix}-${size}`)
    const names = entityKeys(keys, REFS)
    const limits = { compactFromBytes: 2048, maxEntityBytes: 65_536, nowMs: () => nowMs, onSetAside: () => {} }
    const { append } = createBehaviourStore({ redis, keys, ...limits })
    const compact = createCompactor(redis)
    let batch: Promise<unknown>[] = []
    const flush = async (): Promise<void> => {
      await Promise.all(batch)
      batch = []
      for (const name of names) await compact(name)
    }
    for (const event of busyHistory(size, nowMs)) {
      batch.push(append(event))
      if (batch.length === APPEND_BATCH) await flush()
    }
    await flush()
    people.set(size, names)
    const sizes = await Promise.all(names.map((name) => redis.strlen(name)))
    bytes.push(...sizes)
    if (size === SIZES[0]) bytesPerEvent = Math.max(...sizes) / size
  }
  const featureSet = createFeatureSet(CATALOGUE)
  const readOne = async (names: readonly string[]): Promise<EntityStates> => {
    const values = await redis.mgetBuffer(...names)
    return values.map((profile) => ({ profile, tail: null }))
  }
  const samples = sampler()
  const computed = sampler()
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const size of SIZES) {
      const names = people.get(size) as readonly string[]
      for (let read = 0; read < READS_A_ROUND; read++) {
        const startedAtMs = performance.now()
        const states = await readOne(names)
        const readAtMs = performance.now()
        featureSet.compute(APPLICATION, states, nowMs)
        const doneAtMs = performance.now()
        if (round < 0) continue
        samples.add(size, (doneAtMs - startedAtMs) * 1000)
        computed.add(size, (doneAtMs - readAtMs) * 1000)
      }
    }
  }
  return {
    readMicros: samples.medians(),
    computeMicros: computed.medians(),
    roundTrips: await countRoundTrips(redis, prefix),
    bytesPerEvent,
    profileMaxBytes: Math.max(...bytes)
  }
}

/** How often Redis had to read from the client for one decision to be begun, its five entities read: by its own count. */
async function countRoundTrips(redis: BenchStore['redis'], prefix: string): Promise<number> {
  const keys = createKeys(`${prefix}-1000`)
  const limits = { leaseMs: 1000, retentionMs: 1000, compactFromBytes: 65_536, maxEntityBytes: 1_000_000 }
  const store = createRedisDecisionStore({ redis, keys, ...limits })
  const readsSoFar = async () => Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await readsSoFar()
  for (let nr = 0; nr < COUNTED_BEGINS; nr++) {
    const application = { ...APPLICATION, applicationId: `counted-${nr}` }
    const decisionId = withPartition(randomUUIDv7(), 0)
    const claim = { application, fingerprint: 'f'.repeat(64), decisionId, idempotencyKey: undefined }
    await store.begin(claim, submittedEvent(application, Date.now()))
  }
  // One more was to ask how many there were.
  return ((await readsSoFar()) - before - 1) / COUNTED_BEGINS
}

function sampler() {
  const samples = new Map<Size, number[]>(SIZES.map((size) => [size, []]))
  return {
    add: (size: Size, micros: number) => void samples.get(size)?.push(micros),
    medians: () =>
      Object.fromEntries(
        [...samples].map(([size, all]) => [size, all.sort((left, right) => left - right)[all.length >> 1] as number])
      ) as Record<Size, number>
  }
}

const APPLICATION: Application = {
  tenant: 'bench',
  applicationId: 'bench-application',
  product: 'cash',
  amountMinor: 2_000_000,
  currency: 'NGN',
  term: { count: 30, unit: 'day' },
  purpose: 'consumption',
  facts: { birthYear: 1990, monthlyIncomeMinor: 20_000_000 },
  refs: REFS,
  consents: ['automated_decision']
}
