import type { GroupReader, StreamEntry } from '../redis/group-reader.ts'
import type { CompactionOutcome, EntityKeys } from './compactor.ts'

export interface IngestDeps {
  readonly reader: GroupReader
  readonly compactEntity: (entity: EntityKeys) => Promise<CompactionOutcome>
  readonly onCompaction: (outcome: CompactionOutcome, entity: EntityKeys) => void
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
    dueEntities(entries).map(async (entity) => deps.onCompaction(await deps.compactEntity(entity), entity))
  )
  await deps.reader.acknowledge(entries)
  deps.onAcknowledged(entries.length)
  return entries.length
}

/** The `d` field names profile and tail of each due entity in turn (redis/lua/10-behaviour.lua). */
function dueEntities(entries: readonly StreamEntry[]): EntityKeys[] {
  const due = new Map<string, EntityKeys>()
  for (const { fields } of entries) {
    const names = fields.d?.split(' ') ?? []
    for (let index = 0; index + 1 < names.length; index += 2) {
      const [profileKey, tailKey] = [names[index] as string, names[index + 1] as string]
      due.set(profileKey, { profileKey, tailKey })
    }
  }
  return [...due.values()]
}
