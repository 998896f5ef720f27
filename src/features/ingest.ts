import type { GroupReader, StreamEntry } from '../redis/group-reader.ts'
import type { CompactionOutcome } from './compactor.ts'

/** The consumer group that folds what is due. */
export const DUE_GROUP = 'ingest'

export interface IngestDeps {
  readonly reader: GroupReader
  readonly compactEntity: (entityKey: string) => Promise<CompactionOutcome>
  readonly onCompaction: (outcome: CompactionOutcome) => void
  readonly onAcknowledged: (entries: number) => void
}

/**
 * One round of the ingest worker: folds every entity that the entries name as due, then acknowledges them. The other
 * order would lose a compaction in a crash; this one repeats it, which changes nothing.
 *
 * @returns how many entries were handled
 */
export async function ingestRound(deps: IngestDeps, entries: readonly StreamEntry[]): Promise<number> {
  if (entries.length === 0) return 0
  await Promise.all(
    dueEntities(entries).map(async (entityKey) => deps.onCompaction(await deps.compactEntity(entityKey)))
  )
  await deps.reader.acknowledge(entries)
  deps.onAcknowledged(entries.length)
  return entries.length
}

/** The keys of the entities that are due (redis/lua/10-behaviour.lua). */
function dueEntities(entries: readonly StreamEntry[]): string[] {
  return [...new Set(entries.flatMap(({ fields }) => fields.k?.split(' ') ?? []))]
}
