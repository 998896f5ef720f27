import type { Clock } from '../clock.ts'
import { ENTITY_KINDS } from '../domain/event.ts'
import { entityKindOf, type Keys } from '../redis/keys.ts'
import type { EntityStore } from './entity-store.ts'
import { createHistories, readEntity } from './stored-entity.ts'

/** Rest between two steps. A step of the most keys takes Redis a fraction of a millisecond: less than a thousandth of it. */
const STEP_MS = 1000
/** A sweep takes as long, or longer where there are more keys than the most of a step allow. */
const SWEEP_MS = 86_400_000
const LEAST_KEYS = 16
const MOST_KEYS = 200

export interface SweeperOptions {
  readonly store: EntityStore
  readonly keys: Keys
  /** An entity whose newest event is older than this is removed. */
  readonly idleMs: number
  readonly clock: Clock
  readonly onExpired: (entities: number) => void
}

export interface Sweeper {
  /** Looks at a few keys when it is time to, else returns at once. Call it often. */
  readonly step: () => Promise<void>
}

/**
 * Removes entities without a recent event, a few keys at a time, over and over. Nothing is paid for it when events are
 * appended: the age is in the records. An entity that changes between the look and the removal stays, and one that cannot be
 * read is left for a replay to repair.
 */
export function createSweeper({ store, keys, idleMs, clock, onExpired }: SweeperOptions): Sweeper {
  const pattern = keys.entityPattern(ENTITY_KINDS)
  let cursor = '0'
  let keysAStep = LEAST_KEYS
  let nextAtMs = 0

  const historyOf = createHistories()

  const isIdle = (name: string, value: Buffer | null | undefined, beforeMs: number): value is Buffer => {
    const history = historyOf(entityKindOf(name))
    return value !== undefined && value !== null && readEntity(history, value) && history.newestMs < beforeMs
  }

  const expire = async (names: readonly string[]): Promise<void> => {
    const beforeMs = clock.nowMs() - idleMs
    const values = await store.read(names)
    const removed = await Promise.all(
      names.map((name, index) => {
        const value = values[index]
        return isIdle(name, value, beforeMs) ? store.remove(name, value) : false
      })
    )
    const expired = removed.filter(Boolean).length
    if (expired > 0) onExpired(expired)
  }

  return {
    step: async () => {
      if (clock.monotonicMs() < nextAtMs) return
      nextAtMs = clock.monotonicMs() + STEP_MS
      if (cursor === '0') {
        const wanted = Math.ceil((await store.size()) / (SWEEP_MS / STEP_MS))
        keysAStep = Math.min(Math.max(wanted, LEAST_KEYS), MOST_KEYS)
      }
      const { next, names } = await store.scan(cursor, pattern, keysAStep)
      await expire(names)
      cursor = next
    }
  }
}
