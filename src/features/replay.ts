import type { Keys } from '../redis/keys.ts'
import type { EntityStore } from './entity-store.ts'
import type { History } from './history.ts'
import type { EventBatch, EventSource, LogSource } from './log-source.ts'
import { foldRecords, mergeEntity } from './rebuild.ts'
import { type CollectedEntity, createRecordCollector, PLACES, type RecordCollector } from './record-collector.ts'
import { createHistories, readEntity } from './stored-entity.ts'

/** Entities that are read and written together. */
const BATCH = 128
/** An entity that changes so often while it is rebuilt is left to the next replay. */
const MAX_ATTEMPTS = 8
/** A range of places so narrow holds one crowded entity, which nothing makes smaller. */
const NARROWEST = PLACES / 2 ** 20
/** An event as packed records, lists and maps, for the number of passes. */
const BYTES_AN_EVENT = 400

/**
 * rebuilt: replaced by what the sources and it know together · created: there was none · repaired: its bytes could not be
 * read and were made anew · unchanged · overtaken: it changed at every attempt · unreadable: it was left as it is, because
 * only the log tells what came since
 */
export const REPLAY_OUTCOMES = ['rebuilt', 'created', 'repaired', 'unchanged', 'overtaken', 'unreadable'] as const
export type ReplayOutcome = (typeof REPLAY_OUTCOMES)[number]

/** How far a replay has come; a killed one goes on from here. */
export interface ReplayPosition {
  /** Entities before this place are done. */
  readonly from: number
  /** Places of one pass over the sources. */
  readonly width: number
  /** Events read, over all passes. */
  readonly events: number
  /** Entries and lines of the sources that are no event; they were never folded either. */
  readonly malformed: number
  readonly outcomes: Readonly<Record<ReplayOutcome, number>>
}

export interface ReplayProgress {
  readonly events: number
  readonly entities: number
  /** From 0 to 1. */
  readonly share: number
}

export interface ReplayDeps {
  readonly sources: readonly EventSource[]
  /** The log, when it is one of the sources. */
  readonly log: LogSource | null
  readonly store: EntityStore
  readonly keys: Keys
  /** Waits so that no more than a rate is done. */
  readonly pace: (steps: number) => Promise<void>
  readonly savePosition: (position: ReplayPosition) => Promise<void>
  readonly onProgress: (progress: ReplayProgress) => void
  /** For tests that let something happen in between. */
  readonly onStep?: (step: 'collected' | 'read' | 'settled', entityKeys: readonly string[]) => Promise<void>
}

export interface ReplayOptions {
  /** Compares and writes nothing. */
  readonly isCheck: boolean
  /** The sources have every event there ever was: what they do not know is dropped. Needs the log. */
  readonly isWhole: boolean
  /** Entities of these partitions; all of them when it is left out. */
  readonly partitions?: ReadonlySet<number>
  readonly maxBytes: number
  /** Passes over the sources; as few as fit into memory when it is left out. */
  readonly buckets?: number
  readonly position?: ReplayPosition
}

/**
 * Rebuilds every entity that the sources name, while the service serves. In bounded memory: the entities are taken in
 * ranges of their hash, each of which is one pass over the sources. An entity is replaced only from what was read of it, so a
 * decision sees the old one or the new one, and what is appended meanwhile stays. A repeat changes nothing.
 */
export async function replay(deps: ReplayDeps, options: ReplayOptions): Promise<ReplayPosition> {
  const estimate = (await Promise.all(deps.sources.map((source) => source.estimate()))).reduce((sum, n) => sum + n, 0)
  const buckets = options.buckets ?? Math.max(1, Math.ceil((estimate * BYTES_AN_EVENT) / options.maxBytes))
  const tally = createTally(options.position)
  let from = options.position?.from ?? 0
  let width = options.position?.width ?? Math.ceil(PLACES / buckets)
  const save = (at: number) => {
    from = at
    return deps.savePosition({ from, width, ...tally.sums() })
  }
  await save(from)
  while (from < PLACES) {
    const to = Math.min(from + width, PLACES)
    const collector = createRecordCollector({ ...options, from, to })
    const showShare = (of: number) => {
      const share = (from + (to - from) * of) / PLACES
      deps.onProgress({ ...tally.progress(), share: Math.min(share, 1) })
    }
    if (await collect(deps, collector, tally, (read) => showShare(read / Math.max(estimate * 2, read, 1)))) {
      await deps.onStep?.('collected', [])
      await settle(deps, options, collector, tally, save)
      await save(to)
    } else {
      if (width <= NARROWEST) throw new RangeError('an entity alone needs more memory than it may: raise --memory')
      width = Math.ceil(width / 2)
    }
  }
  return { from, width, ...tally.sums() }
}

/** False when the range does not fit into memory. */
async function collect(
  { sources, pace }: ReplayDeps,
  collector: RecordCollector,
  tally: Tally,
  onRead: (events: number) => void
): Promise<boolean> {
  let read = 0
  let bad = 0
  for (const source of sources) {
    for await (const batch of source.read()) {
      const { isFull, malformed } = addAll(collector, batch)
      if (isFull) return false
      read += batch.events.length
      bad += malformed
      tally.addEvents(batch.events.length, bad)
      onRead(read)
      await pace(batch.events.length)
    }
  }
  return true
}

/** Events that pass the schema of the log and cannot be packed all the same count as malformed: they were never folded. */
function addAll(
  collector: RecordCollector,
  batch: EventBatch
): { readonly isFull: boolean; readonly malformed: number } {
  let isFull = false
  let malformed = batch.malformed
  for (const event of batch.events) {
    try {
      if (!collector.add(event)) isFull = true
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error
      malformed++
    }
  }
  return { isFull, malformed }
}

async function settle(
  deps: ReplayDeps,
  options: ReplayOptions,
  collector: RecordCollector,
  tally: Tally,
  save: (from: number) => Promise<void>
): Promise<void> {
  const entities = collector.entities()
  const settleSome = createSettler(deps, options, collector)
  for (let start = 0; start < entities.length; start += BATCH) {
    let open: readonly CollectedEntity[] = entities.slice(start, start + BATCH)
    await deps.pace(open.length)
    for (let attempt = 1; open.length > 0; attempt++) {
      const outcomes = await settleSome(open)
      const isLast = attempt === MAX_ATTEMPTS
      for (const outcome of outcomes) if (outcome !== 'overtaken' || isLast) tally.count(outcome)
      open = isLast ? [] : open.filter((_, index) => outcomes[index] === 'overtaken')
    }
    const next = entities[start + BATCH]
    if (next !== undefined) await save(next.place)
  }
}

/** What becomes of some entities, in their order; 'overtaken' ones have changed since they were read. */
function createSettler(
  { log, store, keys, onStep }: ReplayDeps,
  { isCheck, isWhole }: ReplayOptions,
  collector: RecordCollector
): (entities: readonly CollectedEntity[]) => Promise<ReplayOutcome[]> {
  const historyOf = createHistories()

  const settleOne = async (
    { kind }: CollectedEntity,
    name: string,
    value: Buffer | null,
    records: Buffer
  ): Promise<ReplayOutcome> => {
    const history = historyOf(kind)
    const rebuilt = foldRecords(history, records)
    // Most of them: nothing but the log to know, and folded already.
    if (value?.equals(rebuilt) === true) return 'unchanged'
    const merged = value === null || isWhole ? rebuilt : mergeEntity(history, value, records)
    if (merged === undefined && log === null) return 'unreadable'
    const after = merged ?? rebuilt
    if (value !== null && merged !== undefined && isFoldOf(history, value, after)) return 'unchanged'
    const outcome = value === null ? 'created' : merged === undefined ? 'repaired' : 'rebuilt'
    return isCheck || (await store.replace(name, value, after)) ? outcome : 'overtaken'
  }

  return async (entities) => {
    const names = entities.map(({ kind, token }) => keys.entity(kind, token))
    const values = await store.read(names)
    await onStep?.('read', names)
    // Where the value itself does not tell what came since the log was read, the log does: read it again, behind the value.
    const needsLog =
      isWhole ||
      values.some(
        (value, index) => value === null || !readEntity(historyOf((entities[index] as CollectedEntity).kind), value)
      )
    if (needsLog && log !== null) for await (const batch of log.readNew()) addAll(collector, batch)
    const outcomes = await Promise.all(
      entities.map((entity, index) =>
        settleOne(entity, names[index] as string, values[index] ?? null, collector.recordsOf(entity))
      )
    )
    await onStep?.('settled', names)
    return outcomes
  }
}

function isFoldOf(history: History, value: Buffer, fold: Buffer): boolean {
  return readEntity(history, value) && !history.isForeign && history.encode().equals(fold)
}

type Tally = ReturnType<typeof createTally>

function createTally(start: ReplayPosition | undefined) {
  const outcomes = Object.fromEntries(
    REPLAY_OUTCOMES.map((outcome) => [outcome, start?.outcomes[outcome] ?? 0])
  ) as Record<ReplayOutcome, number>
  let events = start?.events ?? 0
  let malformed = start?.malformed ?? 0
  return {
    /** `bad` of one pass: every pass finds the same. */
    addEvents: (read: number, bad: number) => {
      events += read
      malformed = Math.max(malformed, bad)
    },
    count: (outcome: ReplayOutcome) => {
      outcomes[outcome]++
    },
    sums: () => ({ events, malformed, outcomes: { ...outcomes } }),
    progress: () => ({ events, entities: Object.values(outcomes).reduce((sum, n) => sum + n, 0) })
  }
}
