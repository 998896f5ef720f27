import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import { addDecision, type DecisionFact, type DecisionSums, noSums } from './aggregates.ts'

const HOUR_MS = 3_600_000
/** A week is looked at; a day more for a guard that is late. */
const KEEP_MS = 8 * 24 * HOUR_MS
const FLUSH_MS = 1000

export interface DecisionSumsOptions {
  readonly redis: Redis
  readonly keys: Keys
  /** Of this run of this process: no two write the same sums. */
  readonly processId: string
  readonly nowMs: () => number
  /** Told when it begins. They are written with the next flush: sums grow, so nothing is lost but by a kill. */
  readonly onFault: (error: unknown) => void
}

export interface DecisionSumsWriter {
  /** Adds a decision in memory: nothing is sent. */
  readonly add: (fact: DecisionFact) => void
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Sums of this process’s decisions by hour, product and partner, written each second as what they have come to: a write that is
 * repeated changes nothing, and no decision waits for one. A process that is killed loses its last second; the guard’s limits are
 * not so fine.
 */
export function createDecisionSums(options: DecisionSumsOptions): DecisionSumsWriter {
  const { redis, keys, processId, nowMs, onFault } = options
  const hours = new Map<number, Map<string, DecisionSums>>()
  const changed = new Set<number>()
  let isFaulty = false

  const flush = async (): Promise<void> => {
    const current = hourOf(nowMs())
    const writes = [...changed].map(async (hour) => {
      changed.delete(hour)
      try {
        const sums = [...(hours.get(hour)?.values() ?? [])]
        const pipeline = redis.pipeline().hset(keys.guardSums(hour), processId, JSON.stringify(sums))
        const replies = await pipeline.pexpire(keys.guardSums(hour), KEEP_MS).exec()
        for (const [error] of replies ?? []) if (error) throw error
        isFaulty = false
      } catch (error) {
        changed.add(hour)
        if (!isFaulty) onFault(error)
        isFaulty = true
      }
    })
    await Promise.all(writes)
    // One hour more: a clock that is set back must not begin it anew, for what is written replaces what was.
    for (const hour of hours.keys()) if (hour < current - 1 && !changed.has(hour)) hours.delete(hour)
  }
  const timer = setInterval(flush, FLUSH_MS)
  timer.unref()

  return {
    add: (fact) => {
      const hour = hourOf(nowMs())
      const sums = ofKey(hours, hour, () => new Map<string, DecisionSums>())
      const { product, partner } = fact
      addDecision(
        ofKey(sums, `${product} ${partner}`, () => noSums(product, partner)),
        fact
      )
      changed.add(hour)
    },
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    }
  }
}

/** Sums of all processes, of the hours from the one of `sinceMs` to that of `nowMs`. */
export async function readDecisionSums(
  redis: Redis,
  keys: Keys,
  sinceMs: number,
  nowMs: number
): Promise<DecisionSums[]> {
  const [first, last] = [hourOf(sinceMs), hourOf(nowMs)]
  const pipeline = redis.pipeline()
  for (let hour = first; hour <= last; hour++) pipeline.hvals(keys.guardSums(hour))
  const replies = (await pipeline.exec()) ?? []
  return replies.flatMap(([error, values]) => {
    if (error) throw error
    return (values as string[]).flatMap((json) => JSON.parse(json) as DecisionSums[])
  })
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS)
}

function ofKey<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
