import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ENTITY_KINDS, type EntityKind } from '../domain/event.ts'
import { compact } from '../redis/functions.ts'
import { entityKindOf } from '../redis/keys.ts'
import { CATALOGUE } from './catalogue.ts'
import { History } from './history.ts'
import { createTileLayouts, type TileLayout } from './tile-layout.ts'

/**
 * 'foreign': the profile has tiles of another catalogue. A fold would lose what they stand for, so nothing is written: the
 * worker that knows them may still run, and decisions refer meanwhile.
 */
export type CompactionOutcome = 'folded' | 'overtaken' | 'unreadable' | 'foreign'

export interface CompactorOptions {
  /** As the decisions that read the profiles have them. */
  readonly layouts?: readonly TileLayout[]
  /** Once no process of the other catalogue runs: gives its tiles up instead of refusing. */
  readonly adoptForeign?: boolean
  /** Events of a fold that came too late to be told from repeats, and are not counted. */
  readonly onSetAside?: (entity: EntityKind, events: number) => void
}

/**
 * Folds an entity in place. Compare-and-set over the bytes that were read: events that arrive meanwhile stay behind the
 * fold, and when somebody else folded first nothing is written. Bytes that cannot be folded stay as they are for a person
 * to look at; decisions that read them refer.
 */
export function createCompactor(
  redis: Redis,
  { layouts = createTileLayouts(CATALOGUE), adoptForeign = false, onSetAside }: CompactorOptions = {}
): (entityKey: string) => Promise<CompactionOutcome> {
  const histories = layouts.map((layout) => new History(layout, { adoptForeign }))
  return async (entityKey) => {
    const kind = entityKindOf(entityKey)
    const history = histories[ENTITY_KINDS.indexOf(kind)] as History
    const bytes = await redis.getBuffer(entityKey)
    if (bytes === null) return 'overtaken'
    let fold: Buffer
    try {
      if (history.fold(bytes, null).isForeign) return 'foreign'
      fold = history.encode()
    } catch (error) {
      if (error instanceof RangeError) return 'unreadable'
      throw error
    }
    const { setAside } = history
    const done = await compact(redis, entityKey, [bytes.length, hash('sha1', bytes, 'hex'), fold])
    if (done && setAside > 0) onSetAside?.(kind, setAside)
    return done ? 'folded' : 'overtaken'
  }
}
